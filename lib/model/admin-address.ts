// The address of an admin socket, parsed and printed as people write it in HAPROXY_ADDRESSES. Pure.
import { parseAddress, parsePort, printHostPort } from './address.js';
import { isServiceName } from './service-name.js';

/** Where an admin socket is; `consul` has to be looked up first. */
export type AdminAddress =
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'consul'; readonly service: string };

/** An admin address that can be connected to; `consul:SERVICE` has been looked up. */
export type SocketAddress = Exclude<AdminAddress, { readonly kind: 'consul' }>;

/** Parses `tcp://host:port`, `tls://host:port`, `unix:/path` or `consul:SERVICE`. */
export function parseAdminAddress(text: string): AdminAddress | undefined {
  const unix = /^unix:(?:\/\/)?(\/[^\0]{1,106})$/.exec(text);
  if (unix?.[1]) return { kind: 'unix', path: unix[1] };
  const service = text.startsWith('consul:') ? text.slice('consul:'.length) : '';
  if (isServiceName(service)) return { kind: 'consul', service };
  const match = /^(tcp|tls):\/\/(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text);
  const host = match?.[2] === undefined ? undefined : parseAddress(match[2]);
  const port = parsePort(match?.[3]);
  if (!match || !host || !port) return undefined;
  return { kind: match[1] === 'tls' ? 'tls' : 'tcp', host: host.text, port };
}

/** The inverse of `parseAdminAddress`, in canonical form. */
export function printAdminAddress(address: AdminAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  if (address.kind === 'consul') return `consul:${address.service}`;
  return `${address.kind}://${printHostPort(address.host, address.port)}`;
}

/** Addresses, by their printed form and in its order. */
export function inPrintedOrder(addresses: ReadonlyMap<string, SocketAddress>): SocketAddress[] {
  return [...addresses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
}
