// Which slot is whose: by the address that it holds, and for names that do not resolve, as far as can be told. Pure.
import type { DesiredServer, Unresolved } from './desired.js';
import type { Ownership, Place, PlaceGroup, Wanted } from './placement.js';
import { preferredIndex } from './slot-choice.js';

/** Whose each slot is, in the order of the slots. A server in several slots owns one: in DRAIN, else ready. */
export function slotOwnership({ places }: PlaceGroup, wanted: Wanted): Ownership[] {
  const byHostPort = new Map(wanted.servers.map((server) => [server.hostPort, server]));
  const atAddress = places.map(({ hostPort }) =>
    hostPort === undefined ? undefined : byHostPort.get(hostPort),
  );
  const slots = new Map<DesiredServer, Place>();
  places.forEach((place, index) => {
    const server = atAddress[index];
    if (!server) return;
    const other = slots.get(server);
    if (!other || STATE_RANK[place.server.state] > STATE_RANK[other.server.state]) slots.set(server, place);
  });
  const unresolved = unresolvedOwners(places, atAddress, wanted);
  return places.map((place, index): Ownership => {
    const server = atAddress[index];
    const slot = server && slots.get(server);
    if (server && slot === place) return { of: 'server', server };
    const owner = unresolved.get(place);
    if (owner) return { of: 'unresolved', ...owner };
    return server && slot ? { of: 'nobody', servedBy: { server, place: slot } } : NOBODY;
  });
}

const NOBODY: Ownership = { of: 'nobody' };

const STATE_RANK = { drain: 3, ready: 2, maintenance: 1 } as const;

interface UnresolvedOwner {
  readonly name: Unresolved;
  readonly guessed: boolean;
}

/**
 * One slot for each name that does not resolve: of those on its port that nobody in the catalog is at,
 * one at its last known address, else the first from where the name would be put, one in its own state
 * before others. HAProxy does not keep names: anything but the last known address and the very slot that
 * the name prefers is a guess. It can keep one server too long, and never more than one a name.
 */
function unresolvedOwners(
  places: readonly Place[],
  atAddress: readonly (DesiredServer | undefined)[],
  { unresolved, labels, lastKnown }: Wanted,
): Map<Place, UnresolvedOwner> {
  const owners = new Map<Place, UnresolvedOwner>();
  if (unresolved.length === 0) return owners;
  const taken = new Set<string>();
  const isUnknown = places.map(
    ({ hostPort }, index) => hostPort !== undefined && !atAddress[index] && !labels.has(hostPort),
  );
  for (const name of unresolved) {
    const from = preferredIndex(name.registered, Math.max(1, places.length));
    const known = lastKnown.get(name.hostName) ?? [];
    let best: { readonly place: Place; readonly hostPort: string; readonly rank: number } | undefined;
    for (let step = 0; step < places.length; step += 1) {
      const index = (from + step) % places.length;
      const place = places[index];
      const { hostPort, server } = place ?? {};
      const isOpen = place && hostPort !== undefined && isUnknown[index] && !taken.has(hostPort);
      if (!isOpen || server?.port !== name.port || server.state === 'drain') continue;
      const isKnown = server.address !== null && known.includes(server.address);
      const rank = (isKnown ? 2 : 0) + ((server.state === 'ready') === name.healthy ? 1 : 0);
      if (!best || rank > best.rank) best = { place, hostPort, rank };
      if (rank === (known.length > 0 ? 3 : 1)) break;
    }
    if (!best) continue;
    owners.set(best.place, { name, guessed: best.rank < 2 && best.place !== places[from] });
    taken.add(best.hostPort);
  }
  return owners;
}
