// Which slots may belong to host names that do not resolve now. Pure.

import type { ObservedServer } from '../model/server.js';
import type { Answers, DesiredServer, Unresolved } from './desired.js';
import { preferredIndex } from './slots.js';

/** A slot, the `address:port` it holds, and the desired server that is for. */
export interface Placed {
  readonly slot: ObservedServer;
  readonly at: string | undefined;
  readonly server: DesiredServer | undefined;
}

export interface Claim {
  readonly name: Unresolved;
  /** Nothing but its port says that the slot is the name's. */
  readonly guessed: boolean;
}

/**
 * One slot for each name that does not resolve: of those on its port that nobody in the catalog is at,
 * one at its last known address, else the first from where the name would be put, one in its own state
 * before others. HAProxy does not keep names: anything but the last known address and the very slot that
 * the name prefers is a guess. It can keep one server too long, and never more than one a name.
 */
export function claimsOf(
  unresolved: readonly Unresolved[],
  placed: readonly Placed[],
  whoIsAt: (hostPort: string) => string | undefined,
  lastKnown: Answers,
): Map<ObservedServer, Claim> {
  const claims = new Map<ObservedServer, Claim>();
  const addresses = new Set<string>();
  const unknown =
    unresolved.length === 0
      ? []
      : placed.map(({ at, server }) => at !== undefined && !server && whoIsAt(at) === undefined);
  for (const name of unresolved) {
    const from = preferredIndex(name.key, Math.max(1, placed.length));
    const known = lastKnown.get(name.hostName) ?? [];
    let best: { readonly slot: ObservedServer; readonly at: string; readonly rank: number } | undefined;
    for (let step = 0; step < placed.length; step += 1) {
      const index = (from + step) % placed.length;
      const { slot, at } = placed[index] ?? {};
      const open = slot && at !== undefined && unknown[index] && !addresses.has(at);
      if (!open || slot.port !== name.port || slot.state === 'drain') continue;
      const isKnown = slot.address !== null && known.includes(slot.address);
      const rank = (isKnown ? 2 : 0) + ((slot.state === 'ready') === name.healthy ? 1 : 0);
      if (!best || rank > best.rank) best = { slot, at, rank };
      if (rank === (known.length > 0 ? 3 : 1)) break;
    }
    if (!best) continue;
    claims.set(best.slot, { name, guessed: best.rank < 2 && best.slot !== placed[from]?.slot });
    addresses.add(best.at);
  }
  return claims;
}
