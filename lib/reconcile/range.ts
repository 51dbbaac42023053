// Plans one template range of a pool: the fates of its slots, then slots for the newcomers. Pure.
import type { Range } from '../config/pools.js';
import type { PoolReport, ReportedChange } from '../report.js';
import type { DesiredServer } from './desired.js';
import { fatesOf } from './fate.js';
import { type ObservedServer, viewOf } from './observed.js';
import type { PlanInput, PoolPlan } from './plan.js';
import { type Availability, chooseSlots, hasAddress, slotsOfRange } from './slots.js';

/** The part of a pool's plan that concerns one range. */
export function planRange(input: PlanInput, range: Range): PoolPlan {
  const { backend } = input.pool;
  const slots = slotsOfRange(range.prefix, input.servers);
  const desired = input.desired.servers.filter(({ transport }) => transport === range.transport);
  const unresolved = input.desired.unresolved.filter(({ transport }) => transport === range.transport);
  const fates = fatesOf({ backend, slots, desired, unresolved, whoIsAt: input.whoIsAt });

  const changes: ReportedChange[] = [];
  const heldSlots: PoolReport['heldSlots'][number][] = [];
  const warnings = unresolved.map(
    ({ label }) => `${label}: host name does not resolve; its slot stays as it is`,
  );
  const available: Availability[] = [];
  const placed = new Set<DesiredServer>();
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
    } else if (fate.kind === 'owned') {
      placed.add(fate.server);
      const change = changeOfOwned(backend, slot, fate.server);
      if (change) changes.push(change);
    } else if (fate.kind === 'remove') {
      if (fate.gone) gone += 1;
      if (!(fate.gone && input.keepGone)) {
        changes.push(toMaintenance(backend, slot, 'remove', fate.instance, fate.reason));
        freed = true;
      }
    }
    available.push(freed ? (slot.sessions > 0 ? 'busy' : 'idle') : 'taken');
  }

  const newcomers = desired.filter((server) => isHealthy(server) && !placed.has(server));
  const defect = defectOf(range, slots);
  const chosen = defect
    ? []
    : chooseSlots(
        newcomers.map(({ key }) => key),
        available,
      );
  const unplaced: PoolReport['unplaced'][number][] = [];
  for (const [index, server] of newcomers.entries()) {
    const slot = slots[chosen[index] ?? -1];
    if (slot) changes.push(changeOfNew(backend, slot, server));
    else
      unplaced.push({
        instance: server.label,
        reason: defect ?? `all ${slots.length} slots of ${range.prefix} are taken`,
      });
  }
  const unhealthy = changes.filter(({ action }) => action === 'disable').length;
  const free = available.filter((slot) => slot !== 'taken').length - (newcomers.length - unplaced.length);
  return { backend, changes, unplaced, heldSlots, warnings, free, ready, gone, unhealthy };
}

function isHealthy({ health }: DesiredServer): boolean {
  return health === 'passing' || health === 'warning';
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

function changeOfOwned(
  backend: string,
  slot: ObservedServer,
  server: DesiredServer,
): ReportedChange | undefined {
  const { label, health, weight, maxconn } = server;
  if (!isHealthy(server)) {
    if (slot.state !== 'ready') return undefined;
    return toMaintenance(backend, slot, 'disable', label, `${health} in Consul`);
  }
  const before = viewOf(slot);
  const after = { ...before, weight, maxconn, state: 'ready' } as const;
  const base = { backend, slot: slot.slot, instance: label, before, after };
  if (slot.state === 'maintenance') return { ...base, action: 'enable', reason: `${health} in Consul` };
  const differing = (['weight', 'maxconn'] as const).filter((field) => before[field] !== after[field]);
  if (differing.length === 0) return undefined;
  const reason = differing.map((field) => `${field} ${before[field]}, not ${after[field]}`).join(', ');
  return { ...base, action: 'update', reason };
}

function changeOfNew(backend: string, slot: ObservedServer, server: DesiredServer): ReportedChange {
  const { label, health, address, port, weight, maxconn } = server;
  // A slot that is being removed in this plan is in maintenance by the time it is claimed.
  const before = { ...viewOf(slot), state: 'maintenance' } as const;
  const after = { address, port, weight, maxconn, state: 'ready' } as const;
  return {
    backend,
    slot: slot.slot,
    instance: label,
    action: 'add',
    before,
    after,
    reason: `${health} in Consul`,
  };
}

function toMaintenance(
  backend: string,
  slot: ObservedServer,
  action: 'disable' | 'remove',
  instance: string | null,
  reason: string,
): ReportedChange {
  const before = viewOf(slot);
  return {
    backend,
    slot: slot.slot,
    instance,
    action,
    before,
    after: { ...before, state: 'maintenance' },
    reason,
  };
}
