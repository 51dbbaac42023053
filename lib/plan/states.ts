// Which addresses the servers of a pool hold, and in what state: for names with several answers, and DRAIN. Pure.
import type { Transport } from '../config/pools.js';
import type { SlotState } from '../model/server.js';
import type { StateAt } from './desired.js';
import type { PlaceGroup } from './placement.js';

/**
 * Every `address:port` that the operator holds in DRAIN in some group of the pool: the operator means the
 * instance, however HAProxy connects to it.
 */
export function drainedIn(groups: readonly PlaceGroup[]): ReadonlySet<string> {
  const drained = new Set<string>();
  for (const { places } of groups)
    for (const { server, hostPort } of places)
      if (server.state === 'drain' && hostPort !== undefined) drained.add(hostPort);
  return drained;
}

/** Looks only once somebody asks: nobody does where every address is an IP literal. */
export function statesIn(groups: readonly PlaceGroup[], drained: ReadonlySet<string>): StateAt {
  const byTransport = new Map<Transport, ReadonlyMap<string, SlotState>>();
  return (hostPort, transport) => {
    if (drained.has(hostPort)) return 'drain';
    const states = byTransport.get(transport) ?? statesOf(groups, transport);
    byTransport.set(transport, states);
    return states.get(hostPort);
  };
}

function statesOf(groups: readonly PlaceGroup[], transport: Transport): Map<string, SlotState> {
  const states = new Map<string, SlotState>();
  for (const group of groups) {
    if (group.transport !== transport) continue;
    for (const { server, hostPort } of group.places)
      if (hostPort !== undefined && states.get(hostPort) !== 'ready') states.set(hostPort, server.state);
  }
  return states;
}
