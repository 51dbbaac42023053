// The single changes that a slot can need, with their reasons. Pure.
import type { ReportedChange } from '../model/report.js';
import { type ObservedServer, viewOf } from '../model/server.js';
import type { DesiredServer } from './desired.js';

/** Passing and warning instances are served. */
export function isHealthy({ health }: DesiredServer): boolean {
  return health === 'passing' || health === 'warning';
}

/** What the slot of a desired server needs; undefined: nothing. */
export function changeOfOwned(
  backend: string,
  slot: ObservedServer,
  server: DesiredServer,
): ReportedChange | undefined {
  const { label, health, weight, maxconn } = server;
  if (!isHealthy(server)) {
    if (slot.state !== 'ready') return undefined;
    return toMaintenance(backend, slot, 'disable', label, `${health} in Consul`);
  }
  const differing = (['weight', 'maxconn'] as const).filter((field) => slot[field] !== server[field]);
  if (slot.state === 'ready' && differing.length === 0) return undefined;
  const before = viewOf(slot);
  const after = { ...before, weight, maxconn, state: 'ready' } as const;
  const base = { backend, slot: slot.slot, instance: label, before, after };
  if (slot.state === 'maintenance') return { ...base, action: 'enable', reason: `${health} in Consul` };
  const reason = differing.map((field) => `${field} ${before[field]}, not ${after[field]}`).join(', ');
  return { ...base, action: 'update', reason };
}

/** A free slot, or one that the same plan frees, becomes a server's. */
export function changeOfNew(backend: string, slot: ObservedServer, server: DesiredServer): ReportedChange {
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

/** Takes a ready slot out of rotation. */
export function toMaintenance(
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
