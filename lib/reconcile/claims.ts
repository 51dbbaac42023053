// Which slots may belong to host names that do not resolve now. Pure.
import type { DesiredServer, Unresolved } from './desired.js';
import type { ObservedServer } from './observed.js';
import { preferredIndex } from './slots.js';

/** A slot, the `address:port` it holds, and the desired server that is for. */
export interface Placed {
  readonly slot: ObservedServer;
  readonly at: string | undefined;
  readonly server: DesiredServer | undefined;
}

/**
 * One slot for each name that does not resolve: of those on its port that nobody in the catalog is at,
 * the first from where the name would be put, one in its own state before others. HAProxy does not
 * keep names, so this is a guess; it can keep one server too long, and never more than one a name.
 */
export function claimsOf(
  unresolved: readonly Unresolved[],
  placed: readonly Placed[],
  whoIsAt: (hostPort: string) => string | undefined,
): Map<ObservedServer, Unresolved> {
  const claims = new Map<ObservedServer, Unresolved>();
  const addresses = new Set<string>();
  const unknown =
    unresolved.length === 0
      ? []
      : placed.map(({ at, server }) => at !== undefined && !server && whoIsAt(at) === undefined);
  for (const name of unresolved) {
    const from = preferredIndex(name.key, Math.max(1, placed.length));
    let best: { readonly slot: ObservedServer; readonly at: string } | undefined;
    for (let step = 0; step < placed.length; step += 1) {
      const index = (from + step) % placed.length;
      const { slot, at } = placed[index] ?? {};
      const open = slot && at !== undefined && unknown[index] && !addresses.has(at);
      if (!open || slot.port !== name.port || slot.state === 'drain') continue;
      best ??= { slot, at };
      if ((slot.state === 'ready') === name.healthy) {
        best = { slot, at };
        break;
      }
    }
    if (!best) continue;
    claims.set(best.slot, name);
    addresses.add(best.at);
  }
  return claims;
}
