// Finds the load balancers' admin sockets in Consul (`HAPROXY_ADDRESSES=consul:SERVICE`).
import { parseAddress, parsePort } from '../address.js';
import type { AdminAddress } from '../config/environment.js';
import { printAdminAddress } from '../haproxy/admin-address.js';
import type { CatalogPort } from '../reconcile/ports.js';
import { quote } from '../text.js';
import { CatalogError } from './errors.js';
import { labelOf, parseRows, type ServiceInstance } from './instances.js';

type SocketAddress = Exclude<AdminAddress, { kind: 'consul' }>;

export interface LoadBalancers {
  /** Each once, ordered by its printed form. */
  readonly addresses: readonly SocketAddress[];
  readonly warnings: readonly string[];
}

/**
 * Replaces each `consul:SERVICE` with what is registered under it. Throws CatalogError when Consul gives
 * no complete list or an empty one: a load balancer that is not seen would keep yesterday's servers.
 */
export async function discoverLoadBalancers(
  catalog: CatalogPort,
  configured: readonly AdminAddress[],
): Promise<LoadBalancers> {
  const found = new Map<string, SocketAddress>();
  const warnings: string[] = [];
  for (const entry of configured) {
    if (entry.kind !== 'consul') {
      found.set(printAdminAddress(entry), entry);
      continue;
    }
    const { service } = entry;
    const { rows, filtered } = await catalog.readService(service);
    if (filtered) throw new CatalogError(service, 'the token may not see all of it; give it service:read');
    const listed = parseLoadBalancers(rows);
    if (listed.addresses.length === 0) {
      const reason = listed.warnings[0] ?? 'register one, or let the token read it (service:read, node:read)';
      throw new CatalogError(service, `no load balancer is registered; ${reason}`);
    }
    for (const address of listed.addresses) found.set(printAdminAddress(address), address);
    warnings.push(...listed.warnings);
  }
  return { addresses: inOrder(found), warnings };
}

/**
 * Reads admin addresses from the rows of `/v1/health/service/:name`. Health is not looked at: a load
 * balancer whose check fails may still serve requests, and would come back with yesterday's servers; if
 * it cannot be reached, its own report says so. One in maintenance is the operator's, and left out. The
 * scheme is the tag `tls` or `tcp`, or Meta `scheme`; `tcp` by default.
 */
export function parseLoadBalancers(rows: readonly unknown[]): LoadBalancers {
  const { instances, warnings: unreadable } = parseRows(rows);
  const found = new Map<string, SocketAddress>();
  const warnings = [...unreadable];
  for (const instance of instances) {
    const address = parseInstance(instance);
    if (typeof address === 'string')
      warnings.push(`load balancer ${labelOf(instance)}: ${address}; left out`);
    else found.set(printAdminAddress(address), address);
  }
  return { addresses: inOrder(found), warnings };
}

function parseInstance({ address, port, tags, meta, health }: ServiceInstance): SocketAddress | string {
  if (health === 'maintenance') return 'in maintenance';
  const host = parseAddress(address);
  const number = parsePort(port);
  if (!host) return `${quote(address)} is no address`;
  if (!number) return `${quote(port)} is no port`;
  const said = new Set<unknown>(tags.filter((tag) => tag === 'tcp' || tag === 'tls'));
  if (said.size === 0) said.add(meta.scheme ?? 'tcp');
  const [kind] = said;
  if (said.size > 1 || (kind !== 'tcp' && kind !== 'tls'))
    return `scheme ${[...said].map((value) => quote(value)).join(' and ')}; use tcp or tls`;
  return { kind, host: host.text, port: number };
}

function inOrder(found: ReadonlyMap<string, SocketAddress>): SocketAddress[] {
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
}
