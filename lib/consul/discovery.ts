// Finds the load balancers' admin sockets in Consul (`HAPROXY_ADDRESSES=consul:SERVICE`).

import { parseAddress, parsePort } from '../model/address.js';
import { type AdminAddress, printAdminAddress } from '../model/admin-address.js';
import type { CatalogPort } from '../model/ports.js';
import { quote } from '../model/text.js';
import { CatalogError } from './errors.js';
import { labelOf, parseRows, type ServiceInstance } from './rows.js';
import { flawOf, flawOfRights } from './trust.js';

type SocketAddress = Exclude<AdminAddress, { kind: 'consul' }>;

/** Reasons named in the error; the warnings have them all. */
const MAX_NAMED = 5;

export interface LoadBalancers {
  /** Each once, ordered by its printed form. */
  readonly addresses: readonly SocketAddress[];
  readonly warnings: readonly string[];
  /** Why there may be more of them: the run serves those that are known, and fails with this. */
  readonly error?: string;
}

/** What the rows of one service say. */
export interface Registered extends Pick<LoadBalancers, 'addresses' | 'warnings'> {
  /** Of the warnings, those of registrations that were meant to be served. */
  readonly missing: readonly string[];
}

/**
 * Replaces each `consul:SERVICE` with what is registered under it. A load balancer that is not seen would
 * keep yesterday's servers: where the list may lack one, `error` says why, and where there is none at
 * all, CatalogError is thrown.
 */
export async function discoverLoadBalancers(
  catalog: CatalogPort,
  configured: readonly AdminAddress[],
): Promise<LoadBalancers> {
  const found = new Map<string, SocketAddress>();
  const warnings: string[] = [];
  const errors: string[] = [];
  for (const entry of configured) {
    if (entry.kind !== 'consul') {
      found.set(printAdminAddress(entry), entry);
      continue;
    }
    const { service } = entry;
    const { rows, flaw } = await readList(catalog, service);
    const listed = parseLoadBalancers(rows);
    if (listed.addresses.length === 0) {
      const [warning = 'register one, or let the token read it (service:read, node:read)'] = listed.warnings;
      throw new CatalogError(service, `no load balancer is registered; ${flaw ?? warning}`);
    }
    for (const address of listed.addresses) found.set(printAdminAddress(address), address);
    warnings.push(...listed.warnings);
    const reasons = flaw === undefined ? listed.missing : [flaw, ...listed.missing];
    if (reasons.length === 0) continue;
    const detail = `not every load balancer is known: ${reasons.slice(0, MAX_NAMED).join('; ')}`;
    errors.push(new CatalogError(service, detail).message);
  }
  return { addresses: inOrder(found), warnings, ...(errors.length > 0 ? { error: errors.join('; ') } : {}) };
}

/** The rows, and what speaks against taking them for all; where another token may mend that, it is asked for. */
async function readList(
  catalog: CatalogPort,
  service: string,
  renewed = false,
): Promise<{ rows: readonly unknown[]; flaw: string | undefined }> {
  // Nothing in the answer shows that rows were left out for want of a right (before 1.11).
  const rights = catalog.mayRead(service);
  rights.catch(() => undefined);
  const read = await catalog.readService(service);
  const flaw =
    flawOf(catalog.tokenName, service, read) ??
    (await flawOfRights(rights, catalog.tokenName, service, false));
  if (flaw?.ofToken && !renewed && (await catalog.renewToken().catch(() => false)))
    return readList(catalog, service, true);
  return { rows: read.rows, flaw: flaw?.reason };
}

/**
 * Reads admin addresses from the rows of `/v1/health/service/:name`. Health is not looked at: a load
 * balancer whose check fails may still serve requests, and would come back with yesterday's servers; if
 * it cannot be reached, its own report says so. One in maintenance is the operator's, and left out. The
 * scheme is the tag `tls` or `tcp`, or Meta `scheme`; `tcp` by default.
 */
export function parseLoadBalancers(rows: readonly unknown[]): Registered {
  const { instances, warnings: unreadable } = parseRows(rows);
  const found = new Map<string, SocketAddress>();
  const warnings = [...unreadable];
  const missing = [...unreadable];
  for (const instance of instances) {
    const address = parseInstance(instance);
    if (typeof address !== 'string') {
      found.set(printAdminAddress(address), address);
      continue;
    }
    const warning = `load balancer ${labelOf(instance)}: ${address}; left out`;
    warnings.push(warning);
    if (instance.health !== 'maintenance') missing.push(warning);
  }
  return { addresses: inOrder(found), warnings, missing };
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
