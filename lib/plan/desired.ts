// What one load balancer should serve in a pool: selected instances at resolved addresses, duplicates merged. Pure.
import type { Transport } from '../config/pools.js';
import { compareIps, printHostPort } from '../model/address.js';
import { type Health, healthiestFirst, isHealthy, isInMaintenance } from '../model/instance.js';
import type { Problem } from '../model/problem.js';
import { limitProblems, type ProblemLimit } from '../model/problem-limit.js';
import type { SlotState } from '../model/server.js';
import type { Selected } from './selection.js';

/** What a server should hold for the instances at one address and port. */
export interface DesiredServer {
  /** `address:port` as registered: what the choice of a slot hashes. */
  readonly registered: string;
  readonly address: string;
  readonly port: number;
  /** `address:port`, resolved. */
  readonly hostPort: string;
  /** `node/service-id` of the healthiest instance, by (node, id) among equals; settings are its own. */
  readonly label: string;
  readonly transport: Transport;
  readonly weight: number;
  readonly maxconn: number;
  /** Consul's word for the healthiest of the instances here; maintenance where an operator has one of them there. */
  readonly health: Health;
  /** The label of the one in maintenance, where that is another one. */
  readonly heldBy: string | undefined;
  /** The nodes of all instances here are dead, so nobody will be well here soon. */
  readonly nodeDead: boolean;
}

/** Selected instances whose host name does not resolve now: their server, whichever it is, stays as it is. */
export interface Unresolved {
  readonly hostName: string;
  /** `name:port`: what the choice of a slot hashed when it had an address. */
  readonly registered: string;
  readonly label: string;
  /** Whether they would be served. */
  readonly healthy: boolean;
  /** The nodes of all of them are dead. */
  readonly nodeDead: boolean;
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

/** Of those without host names: the same for every load balancer, so that it is made once. */
const ofLiterals = new WeakMap<readonly Selected[], Desired>();

/** Decides the servers of a pool; what HAProxy holds decides between several answers for a host name. */
export function desiredServers(selected: readonly Selected[], stateAt: StateAt): Desired {
  const known = ofLiterals.get(selected);
  if (known) return known;
  const desired = decide(selected, stateAt);
  if (selected.every(({ located }) => located.hostName === undefined)) ofLiterals.set(selected, desired);
  return desired;
}

function decide(selected: readonly Selected[], stateAt: StateAt): Desired {
  const groups = new Map<string, Group>();
  const named = new Map<string, Selected[]>();
  for (const one of selected) {
    const { hostName, registered, addresses: [address = ''] = [] } = one.located;
    if (hostName === undefined) join(groups, registered, address, [one]);
    else named.set(registered, [...(named.get(registered) ?? []), one]);
  }
  const literals = new Set(named.size === 0 ? [] : groups.keys());
  const unresolved: Unresolved[] = [];
  for (const [registered, members] of named) {
    const { located, transport } = healthiestOf(members);
    const { hostName = '', label, addresses = [], port } = located;
    const address = chooseAddress(addresses, port, transport, literals, stateAt);
    if (address !== undefined) join(groups, printHostPort(address, port), address, members);
    else {
      const healthy = isHealthy(healthOf(members).health);
      const nodeDead = members.every(isOfDeadNode);
      unresolved.push({ hostName, registered, label, healthy, nodeDead, port, transport });
    }
  }
  const limit = limitProblems();
  const servers = [...groups].map(([hostPort, group]) => merge(hostPort, group, limit));
  return { servers: servers.sort(byRegistered), unresolved, problems: limit.problems() };
}

/** Those at one address and port. */
interface Group {
  readonly address: string;
  readonly members: Selected[];
}

function join(
  groups: Map<string, Group>,
  hostPort: string,
  address: string,
  members: readonly Selected[],
): void {
  const group = groups.get(hostPort);
  if (group) for (const member of members) group.members.push(member);
  else groups.set(hostPort, { address, members: [...members] });
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
  port: number,
  transport: Transport,
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

/** The one server of all who share it. */
function merge(hostPort: string, { address, members }: Group, limit: ProblemLimit): DesiredServer {
  const first = healthiestOf(members);
  const { transport, maxconn, located } = first;
  const { label, port } = located;
  const { health, heldBy } = healthOf(members);
  const weight = weightIn(first, health);
  let { registered } = located;
  for (const other of members) {
    // Not of who is the healthiest now: the choice of a slot stays the same.
    if (other.located.registered < registered) registered = other.located.registered;
    const isSame =
      other.transport === transport && other.maxconn === maxconn && weightIn(other, health) === weight;
    if (!isSame)
      limit.tell({ code: 'settings-conflict', instance: label, other: other.located.label, hostPort });
  }
  const nodeDead = members.every(isOfDeadNode);
  return {
    registered,
    address,
    port,
    hostPort,
    label,
    transport,
    weight,
    maxconn,
    health,
    heldBy: heldBy === label ? undefined : heldBy,
    nodeDead,
  };
}

const isOfDeadNode = ({ located: { instance } }: Selected): boolean => instance.nodeIsDead;

function healthiestOf(members: readonly Selected[]): Selected {
  return members.reduce((best, other) =>
    healthiestFirst(other.located.instance, best.located.instance) < 0 ? other : best,
  );
}

/** Of the healthiest; but where an operator has one of them in maintenance, that is said of the address. */
function healthOf(members: readonly Selected[]): { readonly health: Health; readonly heldBy?: string } {
  const held = members.find(({ located }) => isInMaintenance(located.instance));
  if (held) return { health: 'maintenance', heldBy: held.located.label };
  return { health: healthiestOf(members).located.instance.health };
}

const weightIn = ({ weights }: Selected, health: Health): number =>
  health === 'warning' ? weights.warning : weights.passing;
