// Where a fleet differs: who is in another slot, state or with other settings than elsewhere. Pure.
import { printHostPort } from '../model/address.js';
import type { LoadBalancerStatus, SlotStatus } from '../model/status.js';

/**
 * Compares each server that somebody has, and each that is ready, with the first load balancer that
 * answered. One in maintenance, of which another knows nothing, is no difference: neither serves it.
 */
export function differencesOf(loadBalancers: readonly LoadBalancerStatus[]): string[] {
  const layouts = loadBalancers
    .filter(({ error }) => error === undefined)
    .map(({ address, slots }) => ({ address, servers: serversOf(slots) }));
  const [first, ...others] = layouts;
  if (!first) return [];
  return others.flatMap(({ address, servers }) =>
    unlike(first.servers, servers).flatMap((server) => {
      const [here, there] = compared(first.servers.get(server), servers.get(server));
      return here === there ? [] : [`${server}: ${here} on ${first.address}, ${there} on ${address}`];
    }),
  );
}

/** Servers that are not the same here and there, in order: few, so that only these are looked at closer. */
function unlike(here: ReadonlyMap<string, SlotStatus>, there: ReadonlyMap<string, SlotStatus>): string[] {
  const found: string[] = [];
  for (const [server, slot] of here) {
    const other = there.get(server);
    const isAlike =
      other !== undefined &&
      slot.slot === other.slot &&
      slot.state === other.state &&
      slot.weight === other.weight &&
      slot.maxconn === other.maxconn;
    if (!isAlike) found.push(server);
  }
  for (const server of there.keys()) if (!here.has(server)) found.push(server);
  return found.sort();
}

/** `backend address:port` to its slot; of several the one that serves most. */
function serversOf(slots: readonly SlotStatus[]): Map<string, SlotStatus> {
  const rank = { ready: 0, drain: 1, maintenance: 2 };
  const servers = new Map<string, SlotStatus>();
  for (const slot of slots) {
    if (slot.state !== 'ready' && slot.instance === null) continue;
    const server = `${slot.backend} ${printHostPort(slot.address ?? '-', slot.port)}`;
    const known = servers.get(server);
    if (!known || rank[slot.state] < rank[known.state]) servers.set(server, slot);
  }
  return servers;
}

/** How the two are put, equal where they do not differ: slot and state, and those settings that differ. */
function compared(here: SlotStatus | undefined, there: SlotStatus | undefined): [string, string] {
  if (!here || !there) {
    const only = here ?? there;
    if (only?.state === 'maintenance') return ['', ''];
    return [here ? placeOf(here) : 'nowhere', there ? placeOf(there) : 'nowhere'];
  }
  const settings = here.state === 'maintenance' && there.state === 'maintenance' ? [] : SETTINGS;
  const differing = settings.filter((name) => here[name] !== there[name]);
  const text = (slot: SlotStatus): string =>
    [placeOf(slot), ...differing.map((name) => `${name} ${printed(slot, name)}`)].join(' ');
  return [text(here), text(there)];
}

const SETTINGS = ['weight', 'maxconn'] as const;

function placeOf({ slot, state }: SlotStatus): string {
  return state === 'ready' ? slot : `${slot} (${state})`;
}

function printed(slot: SlotStatus, name: (typeof SETTINGS)[number]): string {
  return name === 'maxconn' && slot.maxconn === 0 ? 'no limit' : `${slot[name]}`;
}
