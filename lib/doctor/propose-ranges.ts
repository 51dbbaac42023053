// Which servers of a backend are slots, and which somebody wrote by hand; a range for newcomers where there is none. Pure.
import type { Transport } from '../config/pools.js';
import { printHostPort } from '../model/address.js';
import type { OwnServer } from './own.js';

/** A range as LB_CONFIG has it. */
export interface ProposedRange {
  readonly prefix: string;
  readonly transport: Transport;
  readonly slots: number;
  /** Its servers, in HAProxy; none where the `server-template` is yet to be declared. */
  readonly servers: readonly OwnServer[];
}

export interface ProposedRanges {
  /** One for each way of connecting. */
  readonly ranges: readonly ProposedRange[];
  /** Servers that no range names: no run touches them. */
  readonly outside: readonly OwnServer[];
}

/** Fewest slots of a range that is proposed. */
const FEWEST = 50;
const MOST = 20_000;

/**
 * A range is what shows as a `server-template`: servers `prefix1`, `prefix2`, … of which at least one is a slot.
 * Any others were written by hand, and stay outside: a run takes those out of a range whom Consul does not list.
 */
export function proposeRanges(backend: string, servers: readonly OwnServer[]): ProposedRanges {
  const templates = [...groupsOf(servers)].filter(([, members]) => members.some(isSlot));
  const ranges = new Map<Transport, ProposedRange>();
  for (const [prefix, members] of templates.sort(([, a], [, b]) => b.length - a.length)) {
    const transport = transportOf(members[0]);
    if (members.some((server) => transportOf(server) !== transport) || ranges.has(transport)) continue;
    ranges.set(transport, { prefix, transport, slots: members.length, servers: members });
  }
  const inside = new Set([...ranges.values()].flatMap((range) => range.servers));
  const outside = servers.filter((server) => !inside.has(server));
  for (const transport of new Set(outside.map(transportOf))) {
    if (ranges.has(transport)) continue;
    const count = outside.filter((server) => transportOf(server) === transport).length;
    const prefix = freePrefix(backend, transport, servers);
    const slots = Math.min(MOST, Math.max(FEWEST, 2 * count));
    ranges.set(transport, { prefix, transport, slots, servers: [] });
  }
  return { ranges: [...ranges.values()], outside };
}

/** `web1` to `web9` by `web`; those that no range could name are in none. */
export function groupsOf(servers: readonly OwnServer[]): Map<string, OwnServer[]> {
  const groups = new Map<string, OwnServer[]>();
  for (const server of servers) {
    const [, prefix] =
      /^([A-Za-z_](?:[A-Za-z0-9_.-]{0,30}[A-Za-z_.-])?)[1-9]\d{0,6}$/.exec(server.slot) ?? [];
    if (prefix !== undefined) groups.set(prefix, [...(groups.get(prefix) ?? []), server]);
  }
  return groups;
}

/** Where it is; undefined: at a placeholder. */
export function placeOf({ address, port }: OwnServer): string | undefined {
  const isPlaceholder = address === null || port === 0 || address === '0.0.0.0' || address === '::';
  return isPlaceholder ? undefined : printHostPort(address, port);
}

/** A slot: `slot.invalid` stays its name when it is filled (RFC 6761, 6.4); a name that may resolve is somebody's. */
const isSlot = (server: OwnServer): boolean =>
  server.hostName === null ? placeOf(server) === undefined : server.hostName.endsWith('.invalid');

/** Whether certificates are verified shows nowhere. */
const transportOf = (server: OwnServer | undefined): Transport => (server?.tls ? 'verified' : 'plain');

/** `web-`, or `web-tls-`: a name that no server there begins with. */
function freePrefix(backend: string, transport: Transport, servers: readonly OwnServer[]): string {
  const plain = backend.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 20);
  const base = `${/^[A-Za-z_]/.test(plain) ? '' : 's-'}${plain}${transport === 'plain' ? '' : '-tls'}-`;
  const isTaken = (prefix: string): boolean => servers.some(({ slot }) => slot.startsWith(prefix));
  let prefix = base;
  for (let tries = 0; isTaken(prefix) && tries < 5; tries += 1) prefix = `${prefix}x-`.slice(-32);
  return prefix;
}
