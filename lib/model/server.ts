// What one HAProxy holds right now, joined from its listings. Pure.
import type { ProcessInfo, ServerStateRow, ServerStatRow } from '../haproxy/listings.js';
import type { SlotView } from './report.js';

/** A server as HAProxy has it. */
export interface ObservedServer extends SlotView {
  readonly slot: string;
  /** Requests running or queued. */
  readonly sessions: number;
  /** HAProxy's own word from its checks: `UP`, `DOWN`, `MAINT`, … */
  readonly status: string;
  readonly tls: boolean | undefined;
}

export interface Observed {
  readonly process: ProcessInfo;
  /** Backend to its servers. Every backend that was asked for is there: one that HAProxy lacks is an error. */
  readonly backends: ReadonlyMap<string, readonly ObservedServer[]>;
}

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
    const { slot, address, port, weight, state, tls } = row;
    const { maxconn, sessions, status } = stat;
    servers.push({ slot, address, port, weight, maxconn, state, sessions, status, tls });
  }
  return servers;
}

/** A slot's fields without its name, as reports show them. */
export function viewOf({ address, port, weight, maxconn, state }: SlotView): SlotView {
  return { address, port, weight, maxconn, state };
}
