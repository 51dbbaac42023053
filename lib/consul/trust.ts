// Why an answer of Consul must not take anything away: what it says of itself, and what the token may read.
import { failureOf } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { MayRead, ServiceAnswer } from './answers.js';

/** What the answer itself says against taking anything away. */
export function flawOfAnswer(
  tokenName: string,
  service: string,
  { filtered, leaderless }: ServiceAnswer,
): Problem | undefined {
  if (filtered) return { code: 'answer-filtered', service, tokenName };
  return leaderless ? { code: 'no-leader', service } : undefined;
}

/**
 * Without the right to read the service, Consul answers an empty list; without the right to read a node,
 * it leaves the instances there out. Neither shows in the answer (before 1.11), so the rights are asked
 * for. Where nobody says what the token may do, `strict` takes that for a flaw.
 */
export async function flawOfRights(
  mayRead: Promise<MayRead>,
  tokenName: string,
  service: string,
  strict: boolean,
): Promise<Problem | undefined> {
  let answer: MayRead;
  try {
    answer = await mayRead;
  } catch (error) {
    return { code: 'rights-unread', service, ...failureOf(error) };
  }
  if (answer === 'denied') return { code: 'service-denied', service, tokenName };
  if (answer === 'nodes-denied') return { code: 'nodes-denied', service, tokenName };
  return answer === 'unknown' && strict ? { code: 'rights-unknown', service } : undefined;
}

/** Whether another token may mend it. */
export const isOfToken = ({ code }: Problem): boolean =>
  code === 'answer-filtered' || code === 'service-denied' || code === 'nodes-denied';
