// What one load balancer should serve in a pool: candidates at resolved addresses, duplicates merged. Pure.
import { compareIps, printHostPort } from '../address.js';
import type { Transport } from '../config/pools.js';
import { type Candidate, consulWeight } from './candidates.js';

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

/**
 * Decides the servers of a pool. `isInSlot` says whether a slot of the pool holds an address and port:
 * of a host name's answers, the one already in a slot stays; else the lowest is taken, IPv4 first.
 */
export function desiredServers(
  candidates: readonly Candidate[],
  answers: Answers,
  isInSlot: (address: string, port: number) => boolean,
): Desired {
  const groups = new Map<string, { readonly address: string; readonly members: Candidate[] }>();
  const unresolved: Unresolved[] = [];
  for (const candidate of candidates) {
    const { located, transport } = candidate;
    const { label, port } = located;
    const address = located.ip ?? chooseAddress(answers.get(located.hostName ?? '') ?? [], port, isInSlot);
    if (address === undefined) {
      const { health } = located.instance;
      const healthy = health === 'passing' || health === 'warning';
      unresolved.push({ key: located.key, label, healthy, port, transport });
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

function chooseAddress(
  answers: readonly string[],
  port: number,
  isInSlot: (address: string, port: number) => boolean,
): string | undefined {
  const sorted = [...answers].sort(compareIps);
  return sorted.find((address) => isInSlot(address, port)) ?? sorted[0];
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
