// Plans the servers of a pool that connect in one way: what stays, what leaves, and where newcomers go. Pure.
import type { Change } from '../model/change.js';
import { isHealthy } from '../model/instance.js';
import type { LeftOutProblem, Problem } from '../model/problem.js';
import type { PoolReport, RangeReport } from '../model/report.js';
import type { ObservedServer } from '../model/server.js';
import { agentWordOn } from './agent-word.js';
import { changeOfNewcomer, changeOfOwned, toMaintenance } from './changes.js';
import type { DesiredServer } from './desired.js';
import { type Disposition, dispositionsOf } from './owners.js';
import type { Availability, Choice, Obstacle, PlaceGroup, Placement, Wanted } from './placement.js';

export interface GroupPlan {
  readonly changes: readonly Change[];
  readonly leftOut: readonly LeftOutProblem[];
  readonly heldSlots: PoolReport['heldSlots'];
  readonly problems: readonly Problem[];
  /** Places, and those that nobody has now. */
  readonly counts: RangeReport;
  /** Ready servers that nobody loses when they go: without an address, or one of two at the same. */
  readonly surplus: readonly string[];
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
  /** Every `address:port` that is held in DRAIN: made ready by nobody, in no group. */
  readonly drained: ReadonlySet<string>;
  /** The backend's balance takes no weights: a server keeps the one it has. */
  readonly staticBalance: boolean;
}

export function planGroup(
  placement: Placement,
  group: PlaceGroup,
  wanted: Wanted,
  policy: GroupPolicy,
): GroupPlan {
  const dispositions = dispositionsOf(group, placement.ownershipOf(group, wanted), wanted);
  const obstacle = placement.obstacleTo(group);
  const there = planThere(group, dispositions, obstacle, policy);
  const available = availabilityOf(group, dispositions, policy);
  const newcomers = newcomersOf(wanted, dispositions, policy);
  const chosen = obstacle ? [] : placement.choose(group, newcomers, available, wanted.elsewhere);
  const coming = planNewcomers(group, newcomers, chosen, dispositions, obstacle, policy);
  const given = new Set<unknown>(chosen.map(({ place }) => place));
  const left = available.filter((one) => one !== 'taken').length - coming.changes.length;
  return {
    changes: [...there.changes, ...yieldedIn(group, dispositions, given), ...coming.changes],
    leftOut: [...there.leftOut, ...coming.leftOut],
    heldSlots: heldSlotsOf(group, dispositions),
    problems: [
      ...wanted.unresolved.map(({ label }): Problem => {
        const slot = keptSlotOf(group, dispositions, given, label);
        return { code: 'server-unchanged', backend: group.backend, instance: label, slot };
      }),
      ...dispositions.flatMap((disposition, index) =>
        disposition.is === 'kept' && !given.has(group.places[index]) ? disposition.problems : [],
      ),
      ...there.held,
      ...scarcityOf(placement, group, left),
    ],
    ...countsOf(group, dispositions),
    unhealthy: there.changes.filter(({ action }) => action === 'disable').length,
  };
}

/** In one go: most plans find nothing to do, and this is what they spend their time with. */
function countsOf(
  { name, places }: PlaceGroup,
  dispositions: readonly Disposition[],
): Pick<GroupPlan, 'counts' | 'surplus' | 'ready' | 'gone'> {
  let [free, kept, ready, gone] = [0, 0, 0, 0];
  const surplus: string[] = [];
  places.forEach(({ server, hostPort }, index) => {
    const disposition = dispositions[index];
    if (server.state === 'ready' && hostPort !== undefined) ready += 1;
    if (disposition?.is === 'free') free += 1;
    else if (isUnwell(disposition)) kept += 1;
    else if (disposition?.is === 'leaving') {
      if (disposition.gone) gone += 1;
      else surplus.push(server.slot);
    }
  });
  return { counts: { prefix: name, slots: places.length, free, kept }, surplus, ready, gone };
}

/** The ready ones among those that were kept for a name and go to newcomers: they stop first. */
function yieldedIn(
  { backend, places }: PlaceGroup,
  dispositions: readonly Disposition[],
  given: ReadonlySet<unknown>,
): Change[] {
  if (given.size === 0) return [];
  return places.flatMap((place, index) => {
    const disposition = dispositions[index];
    const { server } = place;
    if (disposition?.is !== 'kept' || server.state !== 'ready' || !given.has(place)) return [];
    const reason = 'critical or in maintenance in Consul, and its host name does not resolve';
    return [toMaintenance(backend, server, 'disable', disposition.label, reason)];
  });
}

interface There {
  readonly changes: Change[];
  readonly leftOut: LeftOutProblem[];
  /** Of servers on which somebody else's word holds. */
  readonly held: Problem[];
}

/** The slot that is kept for a name that does not resolve, as far as can be told. */
function keptSlotOf(
  { places }: PlaceGroup,
  dispositions: readonly Disposition[],
  given: ReadonlySet<unknown>,
  instance: string,
): string | null {
  const at = dispositions.findIndex(
    (disposition, index) =>
      !given.has(places[index]) &&
      disposition.is === 'kept' &&
      disposition.problems.some((problem) => 'instance' in problem && problem.instance === instance),
  );
  return places[at]?.server.slot ?? null;
}

/** What the servers need that are there: those of somebody desired, and those that leave, in their order. */
function planThere(
  group: PlaceGroup,
  dispositions: readonly Disposition[],
  obstacle: Obstacle | undefined,
  policy: GroupPolicy,
): There {
  const { backend, places } = group;
  const [changes, leftOut, held]: [Change[], LeftOutProblem[], Problem[]] = [[], [], []];
  for (const [index, { server, fixed }] of places.entries()) {
    const disposition = dispositions[index];
    if (disposition?.is === 'leaving' && leaves(disposition, policy))
      changes.push(toMaintenance(backend, server, 'remove', disposition.label, disposition.reason));
    const owner =
      disposition?.is === 'owned' || disposition?.is === 'drained' ? disposition.server : undefined;
    if (!owner) continue;
    const wanted = policy.staticBalance ? withWeightOf(server, owner) : owner;
    const facts = { backend, slot: server.slot, hostPort: owner.hostPort, instance: owner.label };
    const word = isHealthy(owner.health) ? agentWordOn(server, wanted) : undefined;
    if (word) held.push({ code: 'held-by-agent', ...facts, word });
    if (disposition?.is === 'drained' || word === 'maint') continue;
    if (obstacle && isHealthy(owner.health)) {
      leftOut.push(leftOutBy(obstacle, group, owner.label, server.state === 'ready' ? server.slot : null));
      continue;
    }
    const change = changeOfOwned(backend, server, word ? withWeightOf(server, wanted) : wanted);
    if (change?.action === 'enable' && fixed === 'tracking')
      held.push({ code: 'held-by-tracking', ...facts });
    else if (change && !(change.action === 'enable' && policy.drained.has(owner.hostPort)))
      changes.push(change);
  }
  return { changes, leftOut, held };
}

/** Where its weight is not ours to set. */
const withWeightOf = ({ weight }: ObservedServer, owner: DesiredServer): DesiredServer =>
  owner.weight === weight ? owner : { ...owner, weight };

type Leaving = Extract<Disposition, { is: 'leaving' }>;
const leaves = ({ gone }: Leaving, { keepGone }: GroupPolicy): boolean => !(gone && keepGone);

/** Its server is only kept for it: Consul has it critical or in maintenance. */
const isUnwell = (disposition: Disposition | undefined): boolean =>
  disposition?.is === 'owned' && !isHealthy(disposition.server.health);

/** Which places a newcomer can have once this plan has begun. */
function availabilityOf(
  { places }: PlaceGroup,
  dispositions: readonly Disposition[],
  policy: GroupPolicy,
): Availability[] {
  return places.map(({ server, fixed }, index) => {
    const disposition = dispositions[index];
    if (fixed !== undefined) return 'taken';
    if (disposition?.is === 'free') return server.sessions > 0 ? 'busy' : 'idle';
    if (disposition?.is === 'leaving' && leaves(disposition, policy)) return 'leaving';
    if (disposition?.is === 'kept' && disposition.yields) return disposition.nodeDead ? 'kept-dead' : 'kept';
    if (disposition?.is !== 'owned' || !isUnwell(disposition)) return 'taken';
    return disposition.server.nodeDead ? 'kept-dead' : 'kept';
  });
}

/** Healthy ones that have no server yet. */
function newcomersOf(
  { servers }: Wanted,
  dispositions: readonly Disposition[],
  { drained }: GroupPolicy,
): DesiredServer[] {
  const placed = new Set<DesiredServer | undefined>();
  for (const disposition of dispositions)
    if (disposition.is === 'owned' || disposition.is === 'drained') placed.add(disposition.server);
  return servers.filter(
    (server) => isHealthy(server.health) && !placed.has(server) && !drained.has(server.hostPort),
  );
}

function planNewcomers(
  group: PlaceGroup,
  newcomers: readonly DesiredServer[],
  chosen: readonly Choice[],
  dispositions: readonly Disposition[],
  obstacle: Obstacle | undefined,
  { staticBalance }: GroupPolicy,
): { readonly changes: Change[]; readonly leftOut: LeftOutProblem[] } {
  if (obstacle)
    return { changes: [], leftOut: newcomers.map(({ label }) => leftOutBy(obstacle, group, label, null)) };
  const changes: Change[] = [];
  const leftOut: LeftOutProblem[] = [];
  if (chosen.length === 0) return { changes, leftOut };
  const idle = heldSlotsOf(group, dispositions).flatMap(({ slot, instance }) => (instance ? [] : slot));
  for (const { newcomer, place } of chosen) {
    if ('code' in place)
      leftOut.push(place.code === 'slots-taken' && idle.length > 0 ? { ...place, idle } : place);
    else {
      const { server } = place;
      const wanted = staticBalance ? withWeightOf(server, newcomer) : newcomer;
      changes.push(changeOfNewcomer(group.backend, server, wanted));
    }
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

function heldSlotsOf({ places }: PlaceGroup, dispositions: readonly Disposition[]): PoolReport['heldSlots'] {
  return places.flatMap(({ server: { slot } }, index) => {
    const disposition = dispositions[index];
    return disposition?.is === 'drained' ? [{ slot, instance: disposition.label }] : [];
  });
}

function scarcityOf(placement: Placement, group: PlaceGroup, left: number): Problem[] {
  if (!placement.isScarce(group, left)) return [];
  const { backend, name: prefix, places } = group;
  return [{ code: 'slots-low', backend, prefix, left, slots: places.length }];
}
