// Plans the servers of a pool that connect in one way: what stays, what leaves, and where newcomers go. Pure.
import type { Change } from '../model/change.js';
import { isHealthy } from '../model/instance.js';
import type { LeftOutProblem, Problem } from '../model/problem.js';
import type { PoolReport, RangeReport } from '../model/report.js';
import { changeOfNewcomer, changeOfOwned, toMaintenance } from './changes.js';
import type { DesiredServer } from './desired.js';
import { type Standing, standingsOf } from './owners.js';
import type { Availability, Obstacle, PlaceGroup, Placement, Wanted } from './placement.js';

export interface GroupPlan {
  readonly changes: readonly Change[];
  readonly leftOut: readonly LeftOutProblem[];
  readonly heldSlots: PoolReport['heldSlots'];
  readonly problems: readonly Problem[];
  /** Places, and those that nobody has now. */
  readonly counts: RangeReport;
  /** Ready servers at an address, before this plan. */
  readonly ready: number;
  /** Of those: at an address that the catalog has nobody of this pool for any more; what the guard weighs. */
  readonly gone: number;
  /** Of those: disabled because Consul says critical or maintenance. */
  readonly unhealthy: number;
}

export interface GroupPolicy {
  /** Leave ready what the catalog has nobody for: its absence is not to be believed. */
  readonly keepGone: boolean;
  /** Every `address:port` that the operator holds in DRAIN: made ready by nobody, in no group. */
  readonly held: ReadonlySet<string>;
}

export function planGroup(
  placement: Placement,
  group: PlaceGroup,
  wanted: Wanted,
  policy: GroupPolicy,
): GroupPlan {
  const standings = standingsOf(group, placement.ownershipOf(group, wanted), wanted);
  const obstacle = placement.obstacleTo(group);
  const there = planThere(group, standings, obstacle, policy);
  const available = availabilityOf(group, standings, policy);
  const newcomers = newcomersOf(wanted, standings, policy);
  const coming = planNewcomers(placement, group, newcomers, available, obstacle);
  const left = available.filter((one) => one !== 'taken').length - coming.changes.length;
  return {
    changes: [...there.changes, ...coming.changes],
    leftOut: [...there.leftOut, ...coming.leftOut],
    heldSlots: heldSlotsOf(group, standings),
    problems: [
      ...wanted.unresolved.map(({ label }): Problem => {
        return { code: 'server-unchanged', backend: group.backend, instance: label };
      }),
      ...standings.flatMap((standing) => (standing.is === 'kept' ? standing.problems : [])),
      ...scarcityOf(placement, group, left),
    ],
    counts: {
      prefix: group.name,
      slots: group.places.length,
      free: standings.filter(({ is }) => is === 'free').length,
    },
    ready: group.places.filter(({ server, hostPort }) => server.state === 'ready' && hostPort !== undefined)
      .length,
    gone: standings.filter((standing) => standing.is === 'leaving' && standing.gone).length,
    unhealthy: there.changes.filter(({ action }) => action === 'disable').length,
  };
}

/** What the servers need that are there: those of somebody desired, and those that leave, in their order. */
function planThere(
  group: PlaceGroup,
  standings: readonly Standing[],
  obstacle: Obstacle | undefined,
  policy: GroupPolicy,
): { readonly changes: Change[]; readonly leftOut: LeftOutProblem[] } {
  const { backend, places } = group;
  const changes: Change[] = [];
  const leftOut: LeftOutProblem[] = [];
  for (const [index, { server }] of places.entries()) {
    const standing = standings[index];
    if (standing?.is === 'leaving' && leaves(standing, policy))
      changes.push(toMaintenance(backend, server, 'remove', standing.label, standing.reason));
    if (standing?.is !== 'owned') continue;
    const owner = standing.server;
    if (obstacle && isHealthy(owner.health)) {
      leftOut.push(leftOutBy(obstacle, group, owner.label, server.state === 'ready' ? server.slot : null));
      continue;
    }
    const change = changeOfOwned(backend, server, owner);
    const isHeld = change?.action === 'enable' && policy.held.has(owner.hostPort);
    if (change && !isHeld) changes.push(change);
  }
  return { changes, leftOut };
}

type Leaving = Extract<Standing, { is: 'leaving' }>;
const leaves = ({ gone }: Leaving, { keepGone }: GroupPolicy): boolean => !(gone && keepGone);

/** Which places a newcomer can have once this plan has begun. */
function availabilityOf(
  { places }: PlaceGroup,
  standings: readonly Standing[],
  policy: GroupPolicy,
): Availability[] {
  return places.map(({ server }, index) => {
    const standing = standings[index];
    const isFree = standing?.is === 'free' || (standing?.is === 'leaving' && leaves(standing, policy));
    if (!isFree) return 'taken';
    return server.sessions > 0 ? 'busy' : 'idle';
  });
}

/** Healthy ones that have no server yet. */
function newcomersOf(
  { servers }: Wanted,
  standings: readonly Standing[],
  { held }: GroupPolicy,
): DesiredServer[] {
  const placed = new Set<DesiredServer | undefined>();
  for (const standing of standings)
    if (standing.is === 'owned' || standing.is === 'held') placed.add(standing.server);
  return servers.filter(
    (server) => isHealthy(server.health) && !placed.has(server) && !held.has(server.hostPort),
  );
}

function planNewcomers(
  placement: Placement,
  group: PlaceGroup,
  newcomers: readonly DesiredServer[],
  available: readonly Availability[],
  obstacle: Obstacle | undefined,
): { readonly changes: Change[]; readonly leftOut: LeftOutProblem[] } {
  if (obstacle)
    return { changes: [], leftOut: newcomers.map(({ label }) => leftOutBy(obstacle, group, label, null)) };
  const changes: Change[] = [];
  const leftOut: LeftOutProblem[] = [];
  for (const { newcomer, place } of placement.choose(group, newcomers, available)) {
    if ('code' in place) leftOut.push(place);
    else changes.push(changeOfNewcomer(group.backend, place.server, newcomer));
  }
  return { changes, leftOut };
}

/** `ready`: the server that the instance has all the same. */
function leftOutBy(
  obstacle: Obstacle,
  { backend, transport }: PlaceGroup,
  instance: string,
  ready: string | null,
): LeftOutProblem {
  const facts = { backend, instance, transport };
  return obstacle.code === 'range-transport' ? { ...obstacle, ...facts, ready } : { ...obstacle, ...facts };
}

function heldSlotsOf({ places }: PlaceGroup, standings: readonly Standing[]): PoolReport['heldSlots'] {
  return places.flatMap(({ server: { slot } }, index) => {
    const standing = standings[index];
    return standing?.is === 'held' ? [{ slot, instance: standing.label }] : [];
  });
}

function scarcityOf(placement: Placement, group: PlaceGroup, left: number): Problem[] {
  if (!placement.isScarce(group, left)) return [];
  const { backend, name: prefix, places } = group;
  return [{ code: 'slots-low', backend, prefix, left, slots: places.length }];
}
