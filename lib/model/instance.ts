// A service instance: one registration on one node, as a source hands it over. Pure.
import { parseWhole } from './address.js';
import { MAX_CONSUL_WEIGHT } from './server-limits.js';
import { showName } from './text.js';

export type Health = 'passing' | 'warning' | 'critical' | 'maintenance';

/** One registration on one node. Ids are unique per agent only, so (node, id) identifies it. */
export interface ServiceInstance {
  readonly node: string;
  readonly id: string;
  /** `Service.Address`, or the node's where that is empty; not yet validated. */
  readonly address: string;
  /** As Consul has it; not yet validated. */
  readonly port: unknown;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  /** Consul's `Weights`, as Consul has them; 1 where it says nothing. */
  readonly weights: { readonly passing: unknown; readonly warning: unknown };
  readonly health: Health;
  /** Its node does not answer Consul (`serfHealth` is critical), so its own word is an old one. */
  readonly nodeIsDead: boolean;
  /** Whether the service has a check, beside those of its node. */
  readonly hasOwnCheck: boolean;
  /** Consul's `Kind`: `connect-proxy`, …; '' of an ordinary service. */
  readonly kind: string;
}

/** Instances of these states are served. */
export function isHealthy(health: Health): health is 'passing' | 'warning' {
  return health === 'passing' || health === 'warning';
}

/** `node/service-id`, made safe to print. */
export function labelOf({ node, id }: Pick<ServiceInstance, 'node' | 'id'>): string {
  return `${showName(node)}/${showName(id)}`;
}

/** Orders by (node, id), by code unit: the same everywhere, whatever the locale. */
export function byNodeAndId(a: ServiceInstance, b: ServiceInstance): number {
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

/** The healthiest first, by (node, id) among equals: who decides what a server is where several share it. */
export function healthiestFirst(a: ServiceInstance, b: ServiceInstance): number {
  return rankOf(a) - rankOf(b) || byNodeAndId(a, b);
}

/** The word of a dead node is an old one, whatever it was. */
function rankOf({ health, nodeIsDead }: ServiceInstance): number {
  return nodeIsDead ? RANKS.length : RANKS.indexOf(health);
}

const RANKS: readonly Health[] = ['passing', 'warning', 'critical', 'maintenance'];

/** Whether an operator took it out; not that of a dead node, whose registration nobody may have looked after. */
export function isInMaintenance({ health, nodeIsDead }: ServiceInstance): boolean {
  return health === 'maintenance' && !nodeIsDead;
}

/** The weight Consul gives for a status; undefined where it is none. */
export function consulWeight(instance: ServiceInstance, status: 'passing' | 'warning'): number | undefined {
  return parseWhole(instance.weights[status], 0, MAX_CONSUL_WEIGHT);
}
