// What one load balancer should serve in a pool: candidates at resolved addresses, duplicates merged. Pure.

import type { Transport } from '../config/pools.js';
import { compareIps, printHostPort } from '../model/address.js';
import { type Candidate, consulWeight } from './selection.js';
import type { StateAt } from './slot-states.js';

/** What a slot should hold for the instances at one address and port. */
export interface DesiredServer {
  /** `address:port` as registered: what the slot choice hashes. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  /** `address:port`, resolved. */
  readonly at: string;
  /** `node/service-id` of the first instance by that order; settings are its own. */
  readonly label: string;
  readonly transport: Transport;
  readonly weight: number;
  readonly maxconn: number;
  /** Consul's word for the best of the instances here. */
  readonly health: 'passing' | 'warning' | 'critical' | 'maintenance';
}

/** A selected instance whose host name does not resolve now: its slot, whichever it is, stays as it is. */
export interface Unresolved {
  readonly hostName: string;
  /** `name:port`: what the slot choice hashed when it had an address. */
  readonly key: string;
  readonly label: string;
  /** Whether Consul has it passing or warning. */
  readonly healthy: boolean;
  readonly port: number;
  readonly transport: Transport;
}

export interface Desired {
  /** Ordered by key. */
  readonly servers: readonly DesiredServer[];
  readonly unresolved: readonly Unresolved[];
  readonly warnings: readonly string[];
}

/** Host name to the addresses it has; a name that is absent did not resolve. */
export type Answers = ReadonlyMap<string, readonly string[]>;

/** Decides the servers of a pool; what its slots hold decides between several answers for a host name. */
export function desiredServers(
  candidates: readonly Candidate[],
  answers: Answers,
  stateAt: StateAt,
): Desired {
  const groups = new Map<string, { readonly address: string; readonly members: Candidate[] }>();
  const unresolved: Unresolved[] = [];
  const literals = new Set<string>();
  for (const { located } of candidates) if (located.ip !== undefined) literals.add(located.key);
  for (const candidate of candidates) {
    const { located, transport } = candidate;
    const { label, port } = located;
    const hostName = located.hostName ?? '';
    const address = located.ip ?? chooseAddress(answers.get(hostName) ?? [], candidate, literals, stateAt);
    if (address === undefined) {
      const { health } = located.instance;
      const healthy = health === 'passing' || health === 'warning';
      unresolved.push({ hostName, key: located.key, label, healthy, port, transport });
      continue;
    }
    const at = located.ip === undefined ? printHostPort(address, port) : located.key;
    const group = groups.get(at);
    if (group) group.members.push(candidate);
    else groups.set(at, { address, members: [candidate] });
  }
  const warnings: string[] = [];
  const servers = [...groups].flatMap(
    ([at, { address, members }]) => merge(at, address, members, warnings) ?? [],
  );
  return {
    servers: servers.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
    unresolved,
    warnings,
  };
}

/**
 * Of a host name's answers the one that the operator holds in DRAIN, else the one in a slot already,
 * ready before maintenance, else the lowest, IPv4 first. Addresses at which other instances are
 * registered as such are theirs: they come last.
 */
function chooseAddress(
  answers: readonly string[],
  { located: { port }, transport }: Candidate,
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
  at: string,
  address: string,
  members: readonly Candidate[],
  warnings: string[],
): DesiredServer | undefined {
  const [first, ...others] = members;
  if (!first) return undefined;
  const { key, label, port } = first.located;
  const health = BEST_FIRST.find((wanted) =>
    members.some(({ located }) => located.instance.health === wanted),
  );
  const status = health === 'warning' ? 'warning' : 'passing';
  for (const other of others) {
    const same =
      other.transport === first.transport &&
      other.maxconn === first.maxconn &&
      weightOf(other, status) === weightOf(first, status);
    if (same) continue;
    warnings.push(
      `${label} and ${other.located.label} share ${at} but not their settings; those of ${label} are used`,
    );
  }
  return {
    key,
    address,
    port,
    at,
    label,
    transport: first.transport,
    weight: weightOf(first, status),
    maxconn: first.maxconn,
    health: health ?? 'critical',
  };
}

function weightOf({ weight, located }: Candidate, status: 'passing' | 'warning'): number {
  return weight ?? consulWeight(located.instance, status) ?? 1;
}

const BEST_FIRST = ['passing', 'warning', 'critical', 'maintenance'] as const;
