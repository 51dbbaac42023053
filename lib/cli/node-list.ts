// `iri-lb node list`: each registered node, its health, and what every load balancer does with it. Pure.
import Table from 'cli-table3';
import type { Config } from '../config/pools.js';
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import { labelOf } from '../model/instance.js';
import type { SlotStatus, Status } from '../model/status.js';
import { showName } from '../model/text.js';
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
  /** Where its address leads now, as `address:port`; empty where its host name does not resolve. */
  readonly leadsTo: readonly string[];
  /** By load balancer; an empty list: it has no slot for the node. Those that cannot be read are absent. */
  readonly haproxy: Readonly<Record<string, readonly Placement[]>>;
}

/** Joins Consul's nodes with what the load balancers hold; `status` is absent when nobody was asked. */
export function listNodes(
  nodes: readonly RegisteredNode[],
  { pools }: Pick<Config, 'pools'>,
  status: Status | undefined,
): ListedNode[] {
  const readable = status?.loadBalancers.filter(({ error }) => error === undefined) ?? [];
  return nodes.map((node) => {
    const leadsTo = leadsToOf(node, status?.consul.names ?? {});
    const backends = pools.filter(({ service }) => service === node.service).map(({ backend }) => backend);
    // By address and not by name: several instances may share one, and a slot names the first of them.
    const holds = ({ backend, address, port }: SlotStatus): boolean =>
      address !== null && backends.includes(backend) && leadsTo.includes(printHostPort(address, port));
    return {
      node: node.node,
      id: node.id,
      service: node.service,
      address: node.hostPort,
      health: node.health,
      tags: node.tags,
      leadsTo,
      haproxy: Object.fromEntries(
        readable.map(({ address, slots }) => [
          address,
          slots.filter(holds).map(({ backend, slot, state, status, weight, maxconn }) => ({
            ...{ backend, slot, state, status, weight, maxconn },
          })),
        ]),
      ),
    };
  });
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

function leadsToOf({ address, port }: RegisteredNode, names: Status['consul']['names']): string[] {
  const parsed = parseAddress(address);
  const number = parsePort(port);
  if (!parsed || !number) return [];
  const ips = parsed.kind === 'name' ? (names[parsed.text] ?? []) : [parsed.text];
  return ips.map((ip) => printHostPort(ip, number));
}

function placesText({ haproxy, leadsTo }: ListedNode): string {
  const none = leadsTo.length === 0 ? 'address unusable, or not resolved' : 'no slot';
  const balancers = Object.entries(haproxy);
  return balancers
    .map(([address, places]) => {
      const text = places.map(
        ({ backend, slot, state, status }) => `${backend}/${slot} ${state} (${status})`,
      );
      const name = balancers.length > 1 ? `${address}: ` : '';
      return `${name}${text.length === 0 ? none : text.join(', ')}`;
    })
    .join('\n');
}
