// Why an answer of Consul must not take anything away: what it says of itself, and what the token may read.
import { failureOf } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { MayRead, ServiceAnswer } from './answers.js';

/** What the answer itself says against taking anything away. */
export function flawOfAnswer(
  tokenName: string,
  service: string,
  { filtered }: Pick<ServiceAnswer, 'filtered'>,
): Problem | undefined {
  return filtered ? { code: 'answer-filtered', service, tokenName } : undefined;
}

/** What the rights say against taking anything away, and whether nobody says what they are. */
export interface RightsVerdict {
  readonly flaw: Problem | undefined;
  readonly isUnknown: boolean;
}

/**
 * Without the right to read the service, Consul answers an empty list; without the right to read a node,
 * it leaves the instances there out. Neither shows in the answer (before 1.11), so the rights are asked
 * for. That nobody says what they are is no flaw: the same token was good for reading the service.
 */
export async function judgeRights(
  mayRead: Promise<MayRead>,
  tokenName: string,
  service: string,
): Promise<RightsVerdict> {
  const flawed = (flaw: Problem): RightsVerdict => ({ flaw, isUnknown: false });
  let answer: MayRead;
  try {
    answer = await mayRead;
  } catch (error) {
    return flawed({ code: 'rights-unread', service, ...failureOf(error) });
  }
  if (answer === 'denied') return flawed({ code: 'service-denied', service, tokenName });
  if (answer === 'nodes-denied') return flawed({ code: 'nodes-denied', service, tokenName });
  return { flaw: undefined, isUnknown: answer === 'unknown' };
}

/** Whether another token may mend it. */
export const isOfToken = ({ code }: Problem): boolean =>
  code === 'answer-filtered' || code === 'service-denied' || code === 'nodes-denied';
