// What is known of an instance in one pool of one load balancer, before it is judged. Pure.
import type { Pool } from '../../config/pools.js';
import { printHostPort } from '../../model/address.js';
import type { MadeChange } from '../../model/change.js';
import { nextStepOf, type ReportedProblem } from '../../model/problem.js';
import type { Observed, ObservedServer, ServerDetail } from '../../model/server.js';
import type { PoolPlan } from '../../plan/pool.js';
import type { BalancerLook } from '../look.js';
import type { WhyQuestion, Wish } from './question.js';

export interface Place {
  readonly question: WhyQuestion;
  readonly balancer: BalancerLook;
  readonly observed: Observed;
  readonly pool: Pool;
  readonly wish: Wish;
  /** Undefined: it has no slot. */
  readonly server: ObservedServer | undefined;
  readonly detail: ServerDetail | undefined;
  /** Undefined where Consul could not be read. */
  readonly plan: PoolPlan | undefined;
  /** What the next run would do to its slot, or for it. */
  readonly changes: readonly MadeChange[];
}

export function placeOf(
  question: WhyQuestion,
  balancer: BalancerLook,
  observed: Observed,
  pool: Pool,
  wish: Wish,
): Place {
  const { backend } = pool;
  const plan = balancer.plan?.pools.find((one) => one.backend === backend);
  const server = serverOf(question, balancer, observed, pool, wish, plan);
  const isConcerned = (change: MadeChange): boolean =>
    change.backend === backend &&
    (change.slot === server?.slot || (change.instance !== null && wish.labels.has(change.instance)));
  return {
    question,
    balancer,
    observed,
    pool,
    wish,
    server,
    detail: server && observed.details?.get(backend)?.get(server.slot),
    plan,
    changes: balancer.report.changes.filter(isConcerned),
  };
}

/** Of several at its address the one in drain, else one of its own range, ready before maintenance. */
function serverOf(
  { target: { slots, label } }: WhyQuestion,
  { address }: BalancerLook,
  observed: Observed,
  { backend, ranges }: Pool,
  { own }: Wish,
  plan: PoolPlan | undefined,
): ObservedServer | undefined {
  const prefix = ranges.find(({ transport }) => transport === own?.transport)?.prefix;
  const rank = ({ state, slot }: ObservedServer): number =>
    (state === 'drain' ? 4 : 0) +
    (prefix !== undefined && slot.startsWith(prefix) ? 2 : 0) +
    (state === 'ready' ? 1 : 0);
  const [best] = slots
    .filter((slot) => slot.address === address && slot.backend === backend)
    .map(({ server }) => server)
    .sort((a, b) => rank(b) - rank(a));
  if (best || label === null) return best;
  // One whose name does not resolve has the slot that the plan keeps for it.
  for (const problem of plan?.problems ?? [])
    if (problem.code === 'server-unchanged' && problem.instance === label)
      return observed.backends.get(backend)?.find(({ slot }) => slot === problem.slot);
  return undefined;
}

/** Why the next run would fail on the whole load balancer; undefined: it would not. */
export function runFailureOf({ report, observed }: BalancerLook): Failing | undefined {
  const ofBackends = [...(observed?.failures?.values() ?? [])].map((problem) =>
    JSON.stringify(detailOf(problem)),
  );
  const failed = report.problems.find(
    (problem) => FAILS.has(problem.code) && !ofBackends.includes(JSON.stringify(detailOf(problem))),
  );
  return failed && { detail: failed.text, nextStep: nextStepOf(failed) };
}

interface Failing {
  readonly detail: string;
  readonly nextStep: string;
}

const FAILS: ReadonlySet<ReportedProblem['code']> = new Set(['haproxy-failed', 'failed', 'two-processes']);
const detailOf = (problem: object): unknown => ('detail' in problem ? problem.detail : problem);

/** `address:port` of a server. */
export const hostPortOf = ({ address, port }: ObservedServer): string =>
  address === null ? '-' : printHostPort(address, port);
