// Prints the address of an admin socket as people write it in HAPROXY_ADDRESSES. Pure.

import type { AdminAddress } from '../config/environment.js';
import { printHostPort } from './address.js';

/** `tcp://host:port`, `tls://host:port`, `unix:/path` or `consul:SERVICE`. */
export function printAdminAddress(address: AdminAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  if (address.kind === 'consul') return `consul:${address.service}`;
  return `${address.kind}://${printHostPort(address.host, address.port)}`;
}
