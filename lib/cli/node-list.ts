// `iri-lb node list`: each registered node, its health, and what every load balancer does with it. Pure.
import Table from 'cli-table3';
import { parseIp, printHostPort } from '../address.js';
import { labelOf } from '../catalog/instances.js';
import type { SlotStatus, Status } from '../status.js';
import { showName } from '../text.js';
import type { RegisteredNode } from './node-find.js';

/** A node's place in one load balancer. */
export type Placement = Pick<SlotStatus, 'backend' | 'slot' | 'state' | 'status' | 'weight' | 'maxconn'>;

export interface ListedNode {
  readonly node: string;
  readonly id: string;
  readonly service: string;
  readonly address: string;
  readonly health: RegisteredNode['health'];
  readonly tags: readonly string[];
  /** By load balancer; an empty list: it has no slot for the node. Those that cannot be read are absent. */
  readonly haproxy: Readonly<Record<string, readonly Placement[]>>;
}

/** Joins Consul's nodes with what the load balancers hold; `status` is absent when nobody was asked. */
export function listNodes(nodes: readonly RegisteredNode[], status: Status | undefined): ListedNode[] {
  const readable = status?.loadBalancers.filter(({ error }) => error === undefined) ?? [];
  return nodes.map((node) => ({
    node: node.node,
    id: node.id,
    service: node.service,
    address: node.target,
    health: node.health,
    tags: node.tags,
    haproxy: Object.fromEntries(
      readable.map(({ address, slots }) => [
        address,
        slots
          .filter((slot) => holds(slot, node))
          .map(({ backend, slot, state, status, weight, maxconn }) => ({
            ...{ backend, slot, state, status, weight, maxconn },
          })),
      ]),
    ),
  }));
}

/** The table for people. */
export function nodeTable(listed: readonly ListedNode[]): string {
  if (listed.length === 0) return 'no nodes in Consul';
  const table = new Table({
    head: ['instance', 'address', 'health', 'tags', 'HAProxy'],
    style: { head: [], border: [], compact: true },
  });
  for (const entry of listed) {
    const { address, health, tags } = entry;
    table.push([
      labelOf(entry),
      address,
      health,
      tags.map((tag) => showName(tag)).join(' '),
      placesText(entry),
    ]);
  }
  return table.toString();
}

/** By address, as several instances may share a slot; by name where the address is a host name. */
function holds(slot: SlotStatus, node: RegisteredNode): boolean {
  const host = typeof node.port === 'number' ? node.target.slice(0, node.target.lastIndexOf(':')) : '';
  if (!parseIp(host)) return slot.instance === labelOf(node);
  return slot.address !== null && printHostPort(slot.address, slot.port) === node.target;
}

function placesText({ haproxy }: ListedNode): string {
  const balancers = Object.entries(haproxy);
  return balancers
    .map(([address, places]) => {
      const text = places.map(
        ({ backend, slot, state, status }) => `${backend}/${slot} ${state} (${status})`,
      );
      const name = balancers.length > 1 ? `${address}: ` : '';
      return `${name}${text.length === 0 ? 'no slot' : text.join(', ')}`;
    })
    .join('\n');
}
