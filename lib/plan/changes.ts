// The single changes that a server can need, with their reasons. Pure.
import type { Change } from '../model/change.js';
import { isHealthy } from '../model/instance.js';
import type { ObservedServer, ServerSettings } from '../model/server.js';
import { markedMaxconn } from './agent-word.js';
import type { DesiredServer } from './desired.js';

/** What the server of somebody desired needs; undefined: nothing. */
export function changeOfOwned(
  backend: string,
  server: ObservedServer,
  { label, health, heldBy, weight, maxconn }: DesiredServer,
): Change | undefined {
  if (!isHealthy(health)) {
    if (server.state !== 'ready') return undefined;
    const reason = heldBy === undefined ? `${health} in Consul` : `${heldBy} is in ${health} in Consul`;
    const change = toMaintenance(backend, server, 'disable', label, reason);
    return server.hasAgent ? withMaxconn(change, markedMaxconn(maxconn)) : change;
  }
  const wanted = { weight, maxconn };
  const differing = (['weight', 'maxconn'] as const).filter((field) => server[field] !== wanted[field]);
  if (server.state === 'ready' && differing.length === 0) return undefined;
  const before = settingsOf(server);
  const after = { ...before, weight, maxconn, state: 'ready' } as const;
  const base = { backend, slot: server.slot, instance: label, before, after };
  if (server.state === 'maintenance') return { ...base, action: 'enable', reason: `${health} in Consul` };
  const reason = differing.map((field) => `${field} ${before[field]}, not ${after[field]}`).join(', ');
  return { ...base, action: 'update', reason };
}

const withMaxconn = (change: Change, maxconn: number): Change => ({
  ...change,
  after: { ...change.after, maxconn },
});

/** A free server, one that the same plan frees, or one kept for somebody who is not well, becomes a newcomer's. */
export function changeOfNewcomer(backend: string, server: ObservedServer, newcomer: DesiredServer): Change {
  const { label, health, address, port, weight, maxconn } = newcomer;
  return {
    backend,
    slot: server.slot,
    instance: label,
    action: 'add',
    // One that is removed or disabled in this plan is in maintenance by the time it is given away.
    before: { ...settingsOf(server), state: server.state === 'drain' ? 'drain' : 'maintenance' },
    after: { address, port, weight, maxconn, state: 'ready' },
    reason: `${health} in Consul`,
  };
}

/** Takes a ready server out of rotation. */
export function toMaintenance(
  backend: string,
  server: ObservedServer,
  action: 'disable' | 'remove',
  label: string | null,
  reason: string,
): Change {
  const before = settingsOf(server);
  const after = { ...before, state: 'maintenance' } as const;
  return { backend, slot: server.slot, instance: label, action, before, after, reason };
}

/** What a server holds, without its name and what it is doing. */
function settingsOf({ address, port, weight, maxconn, state }: ObservedServer): ServerSettings {
  return { address, port, weight, maxconn, state };
}
