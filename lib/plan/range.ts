// Plans one template range of a pool: the fates of its slots, then slots for the newcomers. Pure.
import type { Range } from '../config/pools.js';
import type { PoolReport, ReportedChange } from '../model/report.js';
import type { ObservedServer } from '../model/server.js';
import { changeOfNew, changeOfOwned, isHealthy, toMaintenance } from './changes.js';
import type { DesiredServer } from './desired.js';
import { fatesOf } from './owners.js';
import type { PlanInput, PoolPlan } from './pool.js';
import { type Availability, chooseSlots, hasAddress, slotsOfRange } from './slots.js';

/** The part of a pool's plan that concerns one range. */
export function planRange(input: PlanInput, range: Range): PoolPlan {
  const { backend } = input.pool;
  const slots = slotsOfRange(range.prefix, input.servers);
  const desired = input.desired.servers.filter(({ transport }) => transport === range.transport);
  const unresolved = input.desired.unresolved.filter(({ transport }) => transport === range.transport);
  const fates = fatesOf({
    backend,
    slots,
    desired,
    unresolved,
    whoIsAt: input.whoIsAt,
    lastKnown: input.lastKnown,
  });
  // Ready again, or anew, is for those only that the operator does not hold in another range.
  const isHeld = ({ at }: DesiredServer): boolean => input.held.has(at);

  const changes: ReportedChange[] = [];
  const heldSlots: PoolReport['heldSlots'][number][] = [];
  const warnings = unresolved.map(
    ({ label }) => `${label}: host name does not resolve; its slot stays as it is`,
  );
  const doubts: string[] = [];
  const available: Availability[] = [];
  const placed = new Set<DesiredServer>();
  const unplaced: PoolReport['unplaced'][number][] = [];
  const defect = defectOf(range, slots);
  let ready = 0;
  let gone = 0;

  for (const [index, slot] of slots.entries()) {
    const fate = fates[index];
    if (!fate) continue;
    if (slot.state === 'ready' && hasAddress(slot)) ready += 1;
    let freed = fate.kind === 'free';
    if (fate.kind === 'held') {
      heldSlots.push({ slot: slot.slot, instance: fate.instance });
      if (fate.server) placed.add(fate.server);
    } else if (fate.kind === 'kept') {
      warnings.push(fate.warning);
      if (fate.doubt !== undefined) doubts.push(fate.doubt);
    } else if (fate.kind === 'owned') {
      placed.add(fate.server);
      const change = changeOfOwned(backend, slot, fate.server);
      if (defect !== undefined && isHealthy(fate.server)) {
        const where = slot.state === 'ready' ? `; ${slot.slot} is ready all the same` : '';
        unplaced.push({ instance: fate.server.label, reason: `${defect}${where}` });
      } else if (change && !(isHeld(fate.server) && change.action === 'enable')) changes.push(change);
    } else if (fate.kind === 'remove') {
      if (fate.gone) gone += 1;
      if (!(fate.gone && input.keepGone)) {
        changes.push(toMaintenance(backend, slot, 'remove', fate.instance, fate.reason));
        freed = true;
      }
    }
    available.push(freed ? (slot.sessions > 0 ? 'busy' : 'idle') : 'taken');
  }

  const newcomers = desired.filter((server) => isHealthy(server) && !placed.has(server) && !isHeld(server));
  const keys = newcomers.map(({ key }) => key);
  const chosen = defect === undefined ? chooseSlots(keys, available) : [];
  for (const [index, server] of newcomers.entries()) {
    const slot = slots[chosen[index] ?? -1];
    const reason = defect ?? `all ${slots.length} slots of ${range.prefix} are taken`;
    if (slot) changes.push(changeOfNew(backend, slot, server));
    else unplaced.push({ instance: server.label, reason });
  }
  const left =
    available.filter((slot) => slot !== 'taken').length - chosen.filter((at) => at !== undefined).length;
  if (slots.length > 1 && left <= 1) {
    warnings.push(
      `${backend}: ${left} of ${slots.length} slots of ${range.prefix} left; declare more of them`,
    );
  }
  const unhealthy = changes.filter(({ action }) => action === 'disable').length;
  const free = fates.filter(({ kind }) => kind === 'free').length;
  const ranges = [{ prefix: range.prefix, slots: slots.length, free }];
  return { backend, changes, unplaced, heldSlots, warnings, doubts, ranges, ready, gone, unhealthy };
}

/** Why nobody can be placed in a range, if so: HAProxy lacks it, or connects the other way. */
function defectOf({ prefix, transport }: Range, slots: readonly ObservedServer[]): string | undefined {
  if (slots.length === 0) return `HAProxy has no server-template ${prefix} (${transport}) in this backend`;
  const tls = transport !== 'plain';
  const wrong = slots.find((slot) => slot.tls !== undefined && slot.tls !== tls);
  return (
    wrong &&
    `server-template ${prefix} should be ${transport}, but HAProxy connects ${wrong.tls ? 'with' : 'without'} TLS`
  );
}
