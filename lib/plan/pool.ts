// Desired and observed in, changes out: the rule between Consul and HAProxy, for one pool. Pure.
import type { Pool } from '../config/pools.js';
import type { Change } from '../model/change.js';
import { isHealthy } from '../model/instance.js';
import type { LeftOutProblem, Problem } from '../model/problem.js';
import { limited } from '../model/problem-limit.js';
import type { PoolReport, RangeReport } from '../model/report.js';
import type { ObservedServer } from '../model/server.js';
import { type Desired, desiredServers } from './desired.js';
import { planGroup } from './group.js';
import type { Elsewhere, PlaceGroup, Wanted } from './placement.js';
import { placementOf } from './placement-of.js';
import { unservedIn } from './serving.js';
import { drainedIn, statesIn } from './states.js';
import type { View } from './view.js';

export interface PoolPlan {
  readonly backend: string;
  readonly changes: readonly Change[];
  /** Healthy instances for which there is no server, each with the reason. */
  readonly leftOut: readonly LeftOutProblem[];
  readonly heldSlots: PoolReport['heldSlots'];
  readonly problems: readonly Problem[];
  /** Slots, and those that nobody has now, by range. */
  readonly ranges: readonly RangeReport[];
  /** Whether Consul has somebody healthy here, with a weight above 0: who leaves waits for them to serve. */
  readonly awaited: boolean;
  /** Ready servers that nobody loses when they go: without an address, or one of two at the same. */
  readonly surplus: readonly string[];
  /** Ready servers at an address, before this plan. */
  readonly ready: number;
  /** Of those: at an address that the catalog has nobody of this pool for any more; what the guard weighs. */
  readonly gone: number;
  /** Of those: disabled because Consul says critical or maintenance. */
  readonly unhealthy: number;
}

/** What is known beside the catalog and the servers. */
export interface PoolKnowledge {
  /** The backend's balance takes no weights. */
  readonly staticBalance?: boolean;
  /** Where another load balancer of the fleet has an `address:port` in this backend. */
  readonly elsewhere?: Elsewhere | undefined;
}

/**
 * The changes that make one pool of one HAProxy what is desired; `keepGone` leaves ready what the catalog
 * has nobody for.
 *
 * | the instance is       | its slot is                    | then                                    |
 * |-----------------------|--------------------------------|-----------------------------------------|
 * | passing, warning      | none                           | add: claim a slot                       |
 * | passing, warning      | ready, as desired              | nothing                                 |
 * | passing, warning      | ready, other weight or maxconn | update                                  |
 * | passing, warning      | in maintenance                 | enable, setting what differs            |
 * | any                   | in drain                       | nothing; reported as held               |
 * | passing, warning      | under its agent-check's word   | nothing; reported as held by the agent  |
 * | critical, maintenance | ready                          | disable; the slot stays its own         |
 * | critical, maintenance | none, or in maintenance        | nothing                                 |
 * | gone, not selected    | ready                          | remove; the slot becomes free           |
 * | gone                  | drained by its agent-check     | nothing; the slot is free               |
 *
 * A slot is claimed in this order: idle, busy, one that this very plan takes away, and last one that is only kept
 * for an instance which is critical or in maintenance, its node dead first.
 *
 * Deterministic and minimal: the same for any order of the input, and empty when nothing differs.
 */
export function planPool(
  pool: Pool,
  view: View,
  servers: readonly ObservedServer[],
  keepGone: boolean,
  { staticBalance = false, elsewhere }: PoolKnowledge = {},
): PoolPlan {
  const placement = placementOf(pool);
  const groups = placement.groupsOf(pool, servers);
  const drained = drainedIn(groups);
  const desired = desiredServers(view.selected.get(pool.backend) ?? [], statesIn(groups, drained));
  const plans = groups.map((group) =>
    planGroup(
      placement,
      group,
      { ...wantedIn(group, pool, view, desired), elsewhere },
      { keepGone, drained, staticBalance },
    ),
  );
  const changes = plans.flatMap((one) => one.changes);
  const sum = (of: 'ready' | 'gone' | 'unhealthy'): number => plans.reduce((all, one) => all + one[of], 0);
  return {
    backend: pool.backend,
    changes,
    leftOut: [...plans.flatMap(({ leftOut }) => leftOut), ...withoutGroup(pool, groups, desired, drained)],
    heldSlots: plans.flatMap(({ heldSlots }) => heldSlots),
    problems: limited([
      ...desired.problems,
      ...plans.flatMap(({ problems }) => problems),
      ...unservedIn(pool, servers, groups, desired, view.counts.get(pool.backend)?.selected ?? 0, changes),
    ]),
    ranges: plans.map(({ counts }) => counts),
    awaited: isAwaited(desired),
    surplus: plans.flatMap(({ surplus }) => surplus),
    ready: sum('ready'),
    gone: sum('gone'),
    unhealthy: sum('unhealthy'),
  };
}

/** The weight of one whose name does not resolve is not looked at: it may be above 0. */
const isAwaited = ({ servers, unresolved }: Desired): boolean =>
  servers.some(({ health, weight }) => isHealthy(health) && weight > 0) ||
  unresolved.some(({ healthy }) => healthy);

const NOBODY: ReadonlyMap<string, string> = new Map();

/** Those who connect in the group's way. */
function wantedIn(
  { transport }: PlaceGroup,
  { service }: Pool,
  { labels, lastKnown }: View,
  { servers, unresolved }: Desired,
): Wanted {
  return {
    servers: servers.filter((server) => server.transport === transport),
    unresolved: unresolved.filter((name) => name.transport === transport),
    labels: labels.get(service) ?? NOBODY,
    lastKnown,
  };
}

/** Healthy instances that connect in a way for which the pool has no servers at all. */
function withoutGroup(
  { backend }: Pool,
  groups: readonly PlaceGroup[],
  desired: Desired,
  drained: ReadonlySet<string>,
): LeftOutProblem[] {
  const transports = new Set(groups.map(({ transport }) => transport));
  const servers = desired.servers.filter(
    ({ health, hostPort }) => isHealthy(health) && !drained.has(hostPort),
  );
  const names = desired.unresolved.filter(({ healthy }) => healthy);
  return [...servers, ...names]
    .filter(({ transport }) => !transports.has(transport))
    .map(({ label, transport }) => ({ code: 'range-unconfigured', backend, instance: label, transport }));
}
