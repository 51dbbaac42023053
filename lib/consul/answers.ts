// What an answer of Consul must look like to be believed, and how to ask for one that is new enough. Pure.
import type { Answer, ServiceQuery } from './endpoint.js';
import { RequestFailure } from './request-failure.js';

/** One answer of Consul to "who serves this, and how are they?". */
export interface ServiceAnswer {
  /** The rows as Consul sent them, parsed from JSON and known to be an array; not yet validated. */
  readonly rows: readonly unknown[];
  /** `X-Consul-Index`, text because it is a uint64. */
  readonly index: string;
  /** `X-Consul-LastContact`: how long ago, in milliseconds, whoever answered heard of the leader. */
  readonly lastContactMs: number;
  /** `X-Consul-Results-Filtered-By-ACLs: true` was sent. */
  readonly filtered: boolean;
  /** There where it was not asked for by whoever has it: the index, asked for right after it came. */
  readonly newest?: Promise<string>;
}

/** What `POST /v1/internal/acl/authorize` says to one question about our token. */
export type Right = 'allowed' | 'denied' | 'acls-disabled' | 'unknown';

/** Whether what Consul lists of a service is all there is: `nodes-denied` leaves rows out without a word. */
export type MayRead = Right | 'nodes-denied';

/** Answers that mean that the question itself is not let through, or not understood. */
const UNASKED = new Set([200, 403, 404, 405, 501]);

/**
 * Whether nobody says what the token may do, by how all who were asked failed: a proxy that lets nothing but
 * GET through, `block_endpoints` or `allow_write_http_from` of the agent, a Consul that has no such endpoint.
 * An address that gives no answer at all says nothing for or against it.
 */
export const isUnasked = (failures: readonly RequestFailure[]): boolean => {
  const answered = failures.filter(({ status }) => status !== undefined);
  return (
    answered.length > 0 &&
    answered.every(({ status = 0, message }) => UNASKED.has(status) && !message.includes(UNKNOWN_TOKEN))
  );
};

/** Consul's own 403 to a token that it does not know, which is an answer. */
const UNKNOWN_TOKEN = 'ACL not found';

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

const NO_LEADER = 'knows no leader (X-Consul-KnownLeader: false), so its answer may be old';

export const isLeaderless = (headers: Answer['headers']): boolean =>
  headers['x-consul-knownleader'] === 'false';

/**
 * Takes an answer for a catalog only with an array and with Consul's own index, and from a server that knows a
 * leader: one that lost it answers what it knew then, where its agent has `discovery_max_stale`.
 */
export function parseRead({ headers, body }: Answer): ServiceAnswer {
  const index = headers['x-consul-index'];
  if (!Array.isArray(body)) throw new RequestFailure('the answer is not a JSON array', 200, false);
  if (typeof index !== 'string' || !/^\d{1,20}$/.test(index))
    throw new RequestFailure('the answer has no X-Consul-Index', 200, false);
  if (isLeaderless(headers)) throw new RequestFailure(NO_LEADER, 200, true);
  const lastContact = Number(headers['x-consul-lastcontact'] ?? 0);
  return {
    rows: body,
    index,
    lastContactMs: Number.isFinite(lastContact) ? lastContact : 0,
    filtered: headers['x-consul-results-filtered-by-acls'] === 'true',
  };
}

/** Reads the answer of `acl/authorize` to `count` questions, also the status that means "no ACLs". */
export async function parseRights(pending: Promise<Answer>, count: number): Promise<Right[]> {
  let body: unknown;
  try {
    ({ body } = await pending);
  } catch (error) {
    if (error instanceof RequestFailure) {
      if (error.status === 401 && error.message.includes('ACL support disabled'))
        return new Array<Right>(count).fill('acls-disabled');
    }
    throw error;
  }
  const answers: readonly unknown[] = Array.isArray(body) ? body : [];
  return Array.from({ length: count }, (_, at) => {
    const answer = answers[at];
    const allow = typeof answer === 'object' && answer !== null && 'Allow' in answer ? answer.Allow : null;
    if (typeof allow !== 'boolean')
      throw new RequestFailure('acl/authorize answered without Allow', 200, false);
    return allow ? 'allowed' : 'denied';
  });
}

/** What an answer of a service says rests on both rights: rows of nodes that may not be read are left out. */
export function mayReadFrom([service = 'unknown', nodes = 'unknown']: readonly Right[]): MayRead {
  if (service === 'allowed' && nodes === 'denied') return 'nodes-denied';
  return service;
}
