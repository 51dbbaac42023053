// Joins HAProxy's two listings of a backend by server name. Pure.
import type { ObservedServer } from '../model/server.js';
import type { ServerStateRow, ServerStatRow } from './listings.js';

/**
 * Joins the two listings of a backend by server name. Neither is atomic: when a server shows in one
 * only, something changed in between and undefined asks for another read.
 */
export function joinListings(
  states: readonly ServerStateRow[],
  stats: readonly ServerStatRow[],
): ObservedServer[] | undefined {
  if (states.length !== stats.length) return undefined;
  // HAProxy lists both in one order; only where it does not, are they looked up by name.
  let bySlot: Map<string, ServerStatRow> | undefined;
  const servers: ObservedServer[] = [];
  for (const [index, row] of states.entries()) {
    let stat = stats[index];
    if (stat?.slot !== row.slot) {
      bySlot ??= new Map(stats.map((entry) => [entry.slot, entry]));
      stat = bySlot.get(row.slot);
    }
    if (!stat) return undefined;
    servers.push({ ...row, ...stat });
  }
  return servers;
}
