// Parses the rows of Consul's `/v1/health/service/:name` into service instances. Pure.
import { byNodeAndId, type Health, labelOf, type ServiceInstance } from '../model/instance.js';
import type { ProblemOf } from '../model/problem.js';
import { quote } from '../model/text.js';

export interface ParsedRows {
  /** Ordered by (node, id), so that nothing depends on the order of Consul's answer. */
  readonly instances: readonly ServiceInstance[];
  /** Rows that make no sense: whom they stand for is unknown, so nobody may be taken for gone. */
  readonly unreadable: readonly ProblemOf<'row-unreadable'>[];
  /** Rows of a service whose name differs in its case only: Consul finds those, too. */
  readonly otherwise: readonly ProblemOf<'service-named-otherwise'>[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Parses all rows; one that makes no sense is counted and named, and never makes the others fail. */
export function parseRows(service: string, rows: readonly unknown[]): ParsedRows {
  const instances: ServiceInstance[] = [];
  const unreadable: ProblemOf<'row-unreadable'>[] = [];
  const otherwise: ProblemOf<'service-named-otherwise'>[] = [];
  for (const [row, fields] of rows.entries()) {
    const instance = parseRow(fields);
    if (typeof instance === 'string')
      unreadable.push({ code: 'row-unreadable', service, row, detail: instance });
    else {
      const name = nameOf(fields);
      const isOther = name !== service && name.toLowerCase() === service.toLowerCase();
      if (!isOther) instances.push(instance);
      else otherwise.push({ code: 'service-named-otherwise', service, instance: labelOf(instance), name });
    }
  }
  return { instances: instances.sort(byNodeAndId), unreadable, otherwise };
}

/** As it was registered. */
const nameOf = (row: unknown): string => textOf(fieldsOf(fieldsOf(row)?.Service)?.Service);

function parseRow(row: unknown): ServiceInstance | string {
  const { Node: node, Service: service, Checks: checks } = fieldsOf(row) ?? {};
  const nodeFields = fieldsOf(node);
  const serviceFields = fieldsOf(service);
  if (!nodeFields || !serviceFields) return 'no Node and Service';
  const { Node: nodeName, Address: nodeAddress } = nodeFields;
  const {
    ID: id,
    Address: address,
    Port: port,
    Tags: tags,
    Meta: meta,
    Weights: weights,
    Kind: kind,
  } = serviceFields;
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
    nodeIsDead: (checks ?? []).some(isDeadNode),
    hasOwnCheck: (checks ?? []).some(isOwnCheck),
    kind: textOf(kind),
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
    if (textOf(id) === '_node_maintenance' || textOf(id).startsWith('_service_maintenance:'))
      return 'maintenance';
    if (status === 'passing') continue;
    if (status !== 'warning') worst = 'critical';
    else if (worst === 'passing') worst = 'warning';
  }
  return worst;
}

/** Serf's word for the node (Consul, `structs.SerfCheckID`). */
function isDeadNode(check: unknown): boolean {
  const { CheckID: id, Status: status } = fieldsOf(check) ?? {};
  return id === 'serfHealth' && status === 'critical';
}

/** Those of the node name no service; being in maintenance is no check. */
function isOwnCheck(check: unknown): boolean {
  const { CheckID: id, ServiceID: service } = fieldsOf(check) ?? {};
  return textOf(service) !== '' && !textOf(id).startsWith('_service_maintenance:');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
