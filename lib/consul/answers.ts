// What an answer of Consul must look like to be believed, and how to ask for one that is new enough. Pure.
import type { Answer, ServiceQuery } from './endpoint.js';
import { RequestFailure } from './request-failure.js';

/** One answer of Consul to "who serves this, and how are they?". */
export interface ServiceAnswer {
  /** The rows as Consul sent them, parsed from JSON and known to be an array; not yet validated. */
  readonly rows: readonly unknown[];
  /** `X-Consul-Index`, text because it is a uint64. */
  readonly index: string;
  /** `X-Consul-KnownLeader: false` was sent. */
  readonly leaderless: boolean;
  /** `X-Consul-Results-Filtered-By-ACLs: true` was sent. */
  readonly filtered: boolean;
}

/** What `POST /v1/internal/acl/authorize` says to one question about our token. */
export type Right = 'allowed' | 'denied' | 'acls-disabled' | 'unknown';

/** Whether what Consul lists of a service is all there is: `nodes-denied` leaves rows out without a word. */
export type MayRead = Right | 'nodes-denied';

/** A server that lags behind another catches up in well under this, in milliseconds. */
const LONGEST_WAIT_MS = 2_000;

/**
 * The query that waits until the service's index is at least `minIndex`, or a bounded time: Consul
 * blocks while the index is not *above* the one given, so one less is sent, and never 0. A server that
 * is there already answers at once. The wait is well below the budget: Consul adds up to a sixteenth.
 */
export function blockingQuery(minIndex: string | undefined, budgetMs: number): ServiceQuery {
  if (minIndex === undefined || !/^\d{1,20}$/.test(minIndex)) return {};
  const below = BigInt(minIndex) - 1n;
  if (below <= 0n) return {};
  return { index: String(below), waitMs: Math.floor(Math.min(LONGEST_WAIT_MS, budgetMs / 2)) };
}

/** Takes an answer for a catalog only with an array and with Consul's own index. */
export function parseRead({ headers, body }: Answer): ServiceAnswer {
  const index = headers['x-consul-index'];
  if (!Array.isArray(body)) throw new RequestFailure('the answer is not a JSON array', undefined, false);
  if (typeof index !== 'string' || !/^\d{1,20}$/.test(index))
    throw new RequestFailure('the answer has no X-Consul-Index', undefined, false);
  return {
    rows: body,
    index,
    leaderless: headers['x-consul-knownleader'] === 'false',
    filtered: headers['x-consul-results-filtered-by-acls'] === 'true',
  };
}

/**
 * Reads the answer of `acl/authorize` to `count` questions, also the statuses that mean "no ACLs" and
 * "no such endpoint"; those are one answer to all.
 */
export async function parseRights(pending: Promise<Answer>, count: number): Promise<Right[]> {
  let body: unknown;
  try {
    ({ body } = await pending);
  } catch (error) {
    if (error instanceof RequestFailure) {
      const all = (right: Right): Right[] => new Array<Right>(count).fill(right);
      if (error.status === 401 && error.message.includes('ACL support disabled')) return all('acls-disabled');
      if (error.status === 404 || error.status === 405) return all('unknown');
    }
    throw error;
  }
  const answers: readonly unknown[] = Array.isArray(body) ? body : [];
  return Array.from({ length: count }, (_, at) => {
    const answer = answers[at];
    const allow = typeof answer === 'object' && answer !== null && 'Allow' in answer ? answer.Allow : null;
    if (typeof allow !== 'boolean')
      throw new RequestFailure('acl/authorize answered without Allow', undefined, false);
    return allow ? 'allowed' : 'denied';
  });
}

/** What an answer of a service says rests on both rights: rows of nodes that may not be read are left out. */
export function mayReadFrom([service = 'unknown', nodes = 'unknown']: readonly Right[]): MayRead {
  if (service === 'allowed' && nodes === 'denied') return 'nodes-denied';
  return service;
}
