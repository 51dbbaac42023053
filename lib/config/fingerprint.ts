// A short hash of the configuration that runs read: two processes with the same one want the same of HAProxy.
import { createHash } from 'node:crypto';
import type { Config } from './pools.js';

/** Hex digits of the hash: as many as people compare. */
const DIGITS = 12;

/** The same for the same settings, in whatever order and with whatever defaults left out they were written. */
export function fingerprintOf(config: Config): string {
  const { haproxy: _rendered, hosts: _hosts, ...read } = config;
  return createHash('sha256')
    .update(JSON.stringify(sorted(read)))
    .digest('hex')
    .slice(0, DIGITS);
}

/** With the keys of all objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}
