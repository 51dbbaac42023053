// What one load balancer should serve in a pool: selected instances at resolved addresses, duplicates merged. Pure.
import type { Transport } from '../config/pools.js';
import { compareIps, printHostPort } from '../model/address.js';
import { consulWeight, type Health, isHealthy } from '../model/instance.js';
import type { Problem } from '../model/problem.js';
import type { SlotState } from '../model/server.js';
import type { Selected } from './selection.js';
import type { Addresses } from './view.js';

/** What a server should hold for the instances at one address and port. */
export interface DesiredServer {
  /** `address:port` as registered: what the choice of a slot hashes. */
  readonly registered: string;
  readonly address: string;
  readonly port: number;
  /** `address:port`, resolved. */
  readonly hostPort: string;
  /** `node/service-id` of the first instance by that order; settings are its own. */
  readonly label: string;
  readonly transport: Transport;
  readonly weight: number;
  readonly maxconn: number;
  /** Consul's word for the best of the instances here. */
  readonly health: Health;
  /** The nodes of all instances here are dead, so nobody will be well here soon. */
  readonly nodeDead: boolean;
}

/** A selected instance whose host name does not resolve now: its server, whichever it is, stays as it is. */
export interface Unresolved {
  readonly hostName: string;
  /** `name:port`: what the choice of a slot hashed when it had an address. */
  readonly registered: string;
  readonly label: string;
  /** Whether Consul has it passing or warning. */
  readonly healthy: boolean;
  readonly port: number;
  readonly transport: Transport;
}

export interface Desired {
  /** Ordered by `registered`. */
  readonly servers: readonly DesiredServer[];
  readonly unresolved: readonly Unresolved[];
  readonly problems: readonly Problem[];
}

/**
 * The state of the server at an `address:port`, as an instance of that transport sees it: `drain` where the
 * operator holds it, else its own, ready before maintenance. Undefined: no server is there.
 */
export type StateAt = (hostPort: string, transport: Transport) => SlotState | undefined;

/** Decides the servers of a pool; what HAProxy holds decides between several answers for a host name. */
export function desiredServers(selected: readonly Selected[], answers: Addresses, stateAt: StateAt): Desired {
  const groups = new Map<string, { readonly address: string; readonly members: Selected[] }>();
  const unresolved: Unresolved[] = [];
  const literals = new Set<string>();
  for (const { located } of selected) if (located.ip !== undefined) literals.add(located.registered);
  for (const one of selected) {
    const { located, transport } = one;
    const { label, port, registered } = located;
    const hostName = located.hostName ?? '';
    const address = located.ip ?? chooseAddress(answers.get(hostName) ?? [], one, literals, stateAt);
    if (address === undefined) {
      const healthy = isHealthy(located.instance.health);
      unresolved.push({ hostName, registered, label, healthy, port, transport });
      continue;
    }
    const hostPort = located.ip === undefined ? printHostPort(address, port) : registered;
    const group = groups.get(hostPort);
    if (group) group.members.push(one);
    else groups.set(hostPort, { address, members: [one] });
  }
  const problems: Problem[] = [];
  const servers = [...groups].flatMap(
    ([hostPort, { address, members }]) => merge(hostPort, address, members, problems) ?? [],
  );
  return { servers: servers.sort(byRegistered), unresolved, problems };
}

const byRegistered = (a: DesiredServer, b: DesiredServer): number =>
  a.registered < b.registered ? -1 : a.registered > b.registered ? 1 : 0;

/**
 * Of a host name's answers the one that the operator holds in DRAIN, else the one that a server holds
 * already, ready before maintenance, else the lowest, IPv4 first. Addresses at which other instances are
 * registered as such are theirs: they come last.
 */
function chooseAddress(
  answers: readonly string[],
  { located: { port }, transport }: Selected,
  literals: ReadonlySet<string>,
  stateAt: StateAt,
): string | undefined {
  const sorted = [...answers].sort(compareIps);
  const own = sorted.filter((address) => !literals.has(printHostPort(address, port)));
  const open = own.length > 0 ? own : sorted;
  for (const state of ['drain', 'ready', 'maintenance'] as const) {
    const found = open.find((address) => stateAt(printHostPort(address, port), transport) === state);
    if (found !== undefined) return found;
  }
  return open[0];
}

/** Members are ordered by (node, id): settings come from the first, health from the best. */
function merge(
  hostPort: string,
  address: string,
  members: readonly Selected[],
  problems: Problem[],
): DesiredServer | undefined {
  const [first, ...others] = members;
  if (!first) return undefined;
  const { registered, label, port } = first.located;
  const { transport, maxconn } = first;
  const health =
    BEST_FIRST.find((wanted) => members.some(({ located }) => located.instance.health === wanted)) ??
    'critical';
  const weight = weightOf(first, health);
  for (const other of others) {
    if (other.transport === transport && other.maxconn === maxconn && weightOf(other, health) === weight)
      continue;
    problems.push({ code: 'settings-conflict', instance: label, other: other.located.label, hostPort });
  }
  const nodeDead = members.every(({ located }) => located.instance.nodeIsDead);
  return { registered, address, port, hostPort, label, transport, weight, maxconn, health, nodeDead };
}

function weightOf({ weight, located }: Selected, health: Health): number {
  const status = health === 'warning' ? 'warning' : 'passing';
  return weight ?? consulWeight(located.instance, status) ?? 1;
}

const BEST_FIRST: readonly Health[] = ['passing', 'warning', 'critical', 'maintenance'];
