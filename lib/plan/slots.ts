// The placement of today: servers are the slots of `server-template` ranges, one range per way of connecting. Pure.
import type { Pool } from '../config/pools.js';
import { printHostPort } from '../model/address.js';
import type { LeftOutProblem } from '../model/problem.js';
import type { ObservedServer } from '../model/server.js';
import type { DesiredServer } from './desired.js';
import type { Elsewhere, Obstacle, Place, PlaceGroup, Placement } from './placement.js';
import { chooseSlots } from './slot-choice.js';
import { slotOwnership } from './slot-owners.js';

export const slots: Placement = {
  groupsOf(pool, servers) {
    const known = groupsByListing.get(servers);
    if (known?.pool === pool) return known.groups;
    const groups = groupsIn(pool, servers);
    groupsByListing.set(servers, { pool, groups });
    return groups;
  },

  ownershipOf: slotOwnership,

  obstacleTo,

  choose(group, newcomers, available, elsewhere) {
    if (newcomers.length === 0) return [];
    const { places } = group;
    const chosen = chooseSlots(
      newcomers.map(({ registered }) => registered),
      available,
      elsewhere && indicesElsewhere(places, newcomers, elsewhere),
    );
    return newcomers.map((newcomer, index) => {
      return { newcomer, place: places[chosen[index] ?? -1] ?? leftOut(group, newcomer) };
    });
  },

  // A range of one slot is full or empty on purpose.
  isScarce: ({ places }, left) => places.length > 1 && left <= 1,
};

/** A plan, its report and a status of it ask for the same: a listing is taken apart once. */
const groupsByListing = new WeakMap<
  readonly ObservedServer[],
  { readonly pool: Pool; readonly groups: readonly PlaceGroup[] }
>();

const groupsIn = ({ backend, ranges }: Pool, servers: readonly ObservedServer[]): PlaceGroup[] =>
  ranges.map(({ prefix, transport }) => ({
    backend,
    name: prefix,
    transport,
    places: slotsOfRange(prefix, servers).map(placeOf),
  }));

/** The index of the slot that another load balancer has each newcomer in, where there is one. */
function indicesElsewhere(
  places: readonly Place[],
  newcomers: readonly DesiredServer[],
  elsewhere: Elsewhere,
): (number | undefined)[] {
  const indices = new Map(places.map(({ server }, index) => [server.slot, index]));
  return newcomers.map(({ hostPort }) => indices.get(elsewhere(hostPort) ?? ''));
}

function leftOut({ backend, name: prefix, places }: PlaceGroup, { label }: DesiredServer): LeftOutProblem {
  const facts = { backend, instance: label, prefix, slots: places.length };
  const fixed = places.flatMap((place) => place.fixed ?? []);
  const [why] = fixed;
  if (why === undefined) return { code: 'slots-taken', ...facts };
  return { code: 'slots-fixed', ...facts, fixed: fixed.length, why };
}

/** The slots of a `server-template` range (`prefix1`, `prefix2`, …) in numeric order. */
function slotsOfRange(prefix: string, servers: readonly ObservedServer[]): ObservedServer[] {
  const numbered: { readonly number: number; readonly server: ObservedServer }[] = [];
  let last = 0;
  let isSorted = true;
  for (const server of servers) {
    if (!server.slot.startsWith(prefix)) continue;
    const suffix = server.slot.slice(prefix.length);
    if (!/^[1-9]\d{0,6}$/.test(suffix)) continue;
    const number = Number(suffix);
    isSorted &&= number > last;
    last = number;
    numbered.push({ number, server });
  }
  // As HAProxy lists them.
  if (!isSorted) numbered.sort((a, b) => a.number - b.number);
  return numbered.map(({ server }) => server);
}

/** Addresses of listings are canonical; template placeholders (`0.0.0.0`, `::`) are no address to be served at. */
function placeOf(server: ObservedServer): Place {
  const { address, port } = server;
  const isPlaceholder = address === null || port === 0 || address === '0.0.0.0' || address === '::';
  const hostPort = isPlaceholder ? undefined : printHostPort(address, port);
  return server.fixed === undefined ? { server, hostPort } : { server, hostPort, fixed: server.fixed };
}

/** HAProxy lacks the range, or connects the other way. Verified and unverified TLS look the same from outside. */
function obstacleTo({ name: prefix, transport, places }: PlaceGroup): Obstacle | undefined {
  if (places.length === 0) return { code: 'range-undeclared', prefix };
  const tls = transport !== 'plain';
  const isWrong = places.some(({ server }) => server.tls !== undefined && server.tls !== tls);
  return isWrong ? { code: 'range-transport', prefix, tls: !tls } : undefined;
}
