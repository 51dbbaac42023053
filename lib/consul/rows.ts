// Parses the rows of Consul's `/v1/health/service/:name` into service instances. Pure.
import { quote, showName } from '../model/text.js';

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
}

export interface ParsedRows {
  /** Ordered by (node, id), so that nothing depends on the order of Consul's answer. */
  readonly instances: readonly ServiceInstance[];
  readonly warnings: readonly string[];
  /** Rows that make no sense: whom they stand for is unknown, so nobody may be taken for gone. */
  readonly unreadable: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Parses all rows; one that makes no sense is counted and named, and never makes the others fail. */
export function parseRows(rows: readonly unknown[]): ParsedRows {
  const instances: ServiceInstance[] = [];
  const warnings: string[] = [];
  for (const [index, row] of rows.entries()) {
    const instance = parseRow(row);
    if (typeof instance === 'string')
      warnings.push(`row ${index} of Consul's answer: ${instance}; not understood`);
    else instances.push(instance);
  }
  return { instances: instances.sort(byNodeAndId), warnings, unreadable: warnings.length };
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

function parseRow(row: unknown): ServiceInstance | string {
  const { Node: node, Service: service, Checks: checks } = fieldsOf(row) ?? {};
  const nodeFields = fieldsOf(node);
  const serviceFields = fieldsOf(service);
  if (!nodeFields || !serviceFields) return 'no Node and Service';
  const { Node: nodeName, Address: nodeAddress } = nodeFields;
  const { ID: id, Address: address, Port: port, Tags: tags, Meta: meta, Weights: weights } = serviceFields;
  if (typeof nodeName !== 'string' || typeof id !== 'string') return 'no Node.Node and Service.ID';
  if (checks !== null && checks !== undefined && !Array.isArray(checks)) return `Checks is ${quote(checks)}`;
  if (tags !== null && tags !== undefined && !Array.isArray(tags)) return `Tags is ${quote(tags)}`;
  const { Passing: passing = 1, Warning: warning = 1 } = fieldsOf(weights) ?? {};
  return {
    node: nodeName,
    id,
    address: textOf(address) || textOf(nodeAddress),
    port,
    tags: (tags ?? []).filter((tag: unknown) => typeof tag === 'string'),
    meta: fieldsOf(meta) ?? {},
    weights: { passing, warning },
    health: healthOf(checks ?? []),
  };
}

/**
 * The worst of all checks, the node's included; no checks is healthy. Maintenance shows as critical
 * checks of reserved names (Consul, `structs.NodeMaint` and `structs.ServiceMaintPrefix`).
 */
function healthOf(checks: readonly unknown[]): Health {
  let worst: Health = 'passing';
  for (const check of checks) {
    const { CheckID: id, Status: status } = fieldsOf(check) ?? {};
    if (textOf(id) === '_node_maintenance' || textOf(id).startsWith('_service_maintenance'))
      return 'maintenance';
    if (status === 'passing') continue;
    if (status !== 'warning') worst = 'critical';
    else if (worst === 'passing') worst = 'warning';
  }
  return worst;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
