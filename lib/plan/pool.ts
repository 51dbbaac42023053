// Desired and observed in, changes out: the rule between Consul and HAProxy. Pure.
import type { Pool } from '../config/pools.js';
import type { PoolReport, RangeReport, ReportedChange } from '../model/report.js';
import type { ObservedServer } from '../model/server.js';
import { isHealthy } from './changes.js';
import type { Answers, Desired } from './desired.js';
import { planRange } from './range.js';

export interface PlanInput {
  readonly pool: Pool;
  readonly desired: Desired;
  readonly servers: readonly ObservedServer[];
  /** Every `address:port` that the operator holds in DRAIN in some range of the pool. */
  readonly held: ReadonlySet<string>;
  /** What host names that do not resolve now resolved to before, as far as this environment knows. */
  readonly lastKnown: Answers;
  /** Who is at an `address:port` in the catalog, selected by this pool or not; undefined: nobody. */
  readonly whoIsAt: (hostPort: string) => string | undefined;
  /** Leave ready what the catalog has nobody for: the catalog is not to be trusted. */
  readonly keepGone: boolean;
}

export interface PoolPlan {
  readonly backend: string;
  readonly changes: readonly ReportedChange[];
  readonly unplaced: PoolReport['unplaced'];
  readonly heldSlots: PoolReport['heldSlots'];
  readonly warnings: readonly string[];
  /** Ready servers that stay on a guess only; each makes the run fail, so that somebody looks. */
  readonly doubts: readonly string[];
  /** Slots, and those that nobody has now, by range. */
  readonly ranges: readonly RangeReport[];
  /** Ready servers at an address, before this plan. */
  readonly ready: number;
  /** Of those: at an address that the catalog has nobody of this pool for any more; what the guard weighs. */
  readonly gone: number;
  /** Of those: disabled because Consul says critical or maintenance. */
  readonly unhealthy: number;
}

/**
 * The changes that make one pool of one HAProxy what is desired:
 *
 * | the instance is       | its slot is                    | then                                    |
 * |-----------------------|--------------------------------|-----------------------------------------|
 * | passing, warning      | none                           | add: claim a slot                       |
 * | passing, warning      | ready, as desired              | nothing                                 |
 * | passing, warning      | ready, other weight or maxconn | update                                  |
 * | passing, warning      | in maintenance                 | enable, setting what differs            |
 * | any                   | in drain                       | nothing; reported as held               |
 * | critical, maintenance | ready                          | disable; the slot stays its own         |
 * | critical, maintenance | none, or in maintenance        | nothing                                 |
 * | gone, not selected    | ready                          | remove; the slot becomes free           |
 *
 * Deterministic and minimal: the same for any order of the input, and empty when nothing differs.
 */
export function planPool(input: PlanInput): PoolPlan {
  const plans = input.pool.ranges.map((range) => planRange(input, range));
  return {
    backend: input.pool.backend,
    changes: plans.flatMap(({ changes }) => changes),
    unplaced: [...plans.flatMap(({ unplaced }) => unplaced), ...withoutRange(input)],
    heldSlots: plans.flatMap(({ heldSlots }) => heldSlots),
    doubts: plans.flatMap(({ doubts }) => doubts),
    warnings: [...input.desired.warnings, ...plans.flatMap(({ warnings }) => warnings)],
    ranges: plans.flatMap(({ ranges }) => ranges),
    ready: plans.reduce((sum, { ready }) => sum + ready, 0),
    gone: plans.reduce((sum, { gone }) => sum + gone, 0),
    unhealthy: plans.reduce((sum, { unhealthy }) => sum + unhealthy, 0),
  };
}

/** Healthy instances that connect in a way for which the pool has no range at all. */
function withoutRange({ pool, desired, held }: PlanInput): PoolReport['unplaced'] {
  const transports = new Set(pool.ranges.map(({ transport }) => transport));
  const servers = desired.servers.filter((server) => isHealthy(server) && !held.has(server.at));
  return [...servers, ...desired.unresolved.filter(({ healthy }) => healthy)]
    .filter(({ transport }) => !transports.has(transport))
    .map(({ label, transport }) => ({
      instance: label,
      reason: `pool ${pool.backend} has no ${transport} range; add one to LB_CONFIG, or correct its tags`,
    }));
}
