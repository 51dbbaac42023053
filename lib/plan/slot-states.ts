// Which addresses the slots of a pool hold, and in what state: for names with several answers, and DRAIN. Pure.

import type { Pool, Transport } from '../config/pools.js';
import type { SlotState } from '../haproxy/listings.js';
import { printHostPort } from '../model/address.js';
import type { ObservedServer } from '../model/server.js';
import { hasAddress, slotsOfRange } from './slots.js';

/**
 * The state of the slot at an `address:port`, as an instance of that transport sees it: `drain` in any
 * range of the pool (the operator means the instance, however HAProxy connects to it), else of its own
 * range, ready before maintenance. Undefined: no slot is there.
 */
export type StateAt = (at: string, transport: Transport) => SlotState | undefined;

/** Every `address:port` that the operator holds in DRAIN in some range of the pool. */
export function heldIn(pool: Pool, servers: readonly ObservedServer[]): ReadonlySet<string> {
  const drained = servers.filter((server) => server.state === 'drain');
  if (drained.length === 0) return NOBODY;
  const slots = pool.ranges.flatMap(({ prefix }) => slotsOfRange(prefix, drained)).filter(hasAddress);
  return new Set(slots.map(({ address, port }) => printHostPort(address, port)));
}

const NOBODY: ReadonlySet<string> = new Set();

/** Looks only once somebody asks: nobody does where every address is an IP literal. */
export function statesIn(pool: Pool, servers: readonly ObservedServer[], held: ReadonlySet<string>): StateAt {
  const byTransport = new Map<Transport, ReadonlyMap<string, SlotState>>();
  return (at, transport) => {
    if (held.has(at)) return 'drain';
    const states = byTransport.get(transport) ?? statesOf(pool, servers, transport);
    byTransport.set(transport, states);
    return states.get(at);
  };
}

function statesOf(
  pool: Pool,
  servers: readonly ObservedServer[],
  transport: Transport,
): Map<string, SlotState> {
  const states = new Map<string, SlotState>();
  for (const range of pool.ranges) {
    if (range.transport !== transport) continue;
    for (const slot of slotsOfRange(range.prefix, servers).filter(hasAddress)) {
      const at = printHostPort(slot.address, slot.port);
      if (states.get(at) !== 'ready') states.set(at, slot.state);
    }
  }
  return states;
}
