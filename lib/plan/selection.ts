// Which instances a pool serves and with what settings, before any load balancer is looked at. Pure.

import type { Pool, Transport } from '../config/pools.js';
import { labelOf, type ServiceInstance } from '../consul/rows.js';
import { MAX_WEIGHT } from '../haproxy/commands.js';
import { parseAddress, parsePort, parseWhole, printHostPort } from '../model/address.js';
import { parseTags, type TagTable, type TagValues } from '../model/tags.js';
import { quote } from '../model/text.js';

/** An instance at a usable address, with what its tags say. */
export interface Located {
  readonly label: string;
  readonly instance: ServiceInstance;
  /** As registered, canonical: what the slot choice hashes, so that a moved host name keeps its slot. */
  readonly key: string;
  /** Set for host names, which a run has to resolve. */
  readonly hostName: string | undefined;
  /** The address of an IP literal. */
  readonly ip: string | undefined;
  readonly port: number;
  readonly values: TagValues;
}

/** A located instance that a pool selects, with the settings it has there. */
export interface Candidate {
  readonly located: Located;
  readonly transport: Transport;
  /** From the tag; undefined leaves it to Consul's Weights for the status. */
  readonly weight: number | undefined;
  readonly maxconn: number;
}

/** Parses address, port and tags of each instance. What is unusable is told to `warn`, by name. */
export function locate(
  instances: readonly ServiceInstance[],
  prefix: string,
  table: TagTable,
  warn: (text: string) => void,
): Located[] {
  const located: Located[] = [];
  for (const instance of instances) {
    const label = labelOf(instance);
    const address = parseAddress(instance.address);
    const port = parsePort(instance.port);
    if (!address) warn(`${label}: address ${quote(instance.address)} is unusable; the instance is left out`);
    if (!port)
      warn(`${label}: port ${quote(instance.port)} is not from 1 to 65535; the instance is left out`);
    const values = parseTags(instance, prefix, table, (text) => warn(`${label}: ${text}`));
    for (const status of ['passing', 'warning'] as const) {
      if (consulWeight(instance, status) === undefined) {
        warn(
          `${label}: Consul's ${status} weight ${quote(instance.weights[status])} is not from 0 to ${MAX_WEIGHT}; 1 is used`,
        );
      }
    }
    if (!address || !port) continue;
    const isName = address.kind === 'name';
    located.push({
      label,
      instance,
      key: printHostPort(address.text, port),
      hostName: isName ? address.text : undefined,
      ip: isName ? undefined : address.text,
      port,
      values,
    });
  }
  return located;
}

/** Those that the pool's rule selects: every key must hold (or lack) one of the values named. */
export function selectFor(pool: Pool, located: readonly Located[]): Candidate[] {
  const rules = Object.entries(pool.select);
  return located
    .filter(({ values }) => rules.every(([key, wanted]) => wanted.includes(values.text(key) ?? null)))
    .map((entry) => ({
      located: entry,
      transport: transportOf(entry.values),
      weight: entry.values.number('weight'),
      maxconn: maxconnOf(pool, entry.values),
    }));
}

/** The weight Consul gives for a status, undefined where HAProxy cannot hold it. */
export function consulWeight(instance: ServiceInstance, status: 'passing' | 'warning'): number | undefined {
  return parseWhole(instance.weights[status], 0, MAX_WEIGHT);
}

function transportOf(values: TagValues): Transport {
  if (values.text('scheme') !== 'https') return 'plain';
  return values.text('sslverify') === '0' ? 'unverified' : 'verified';
}

/** The first key that is present decides; where its value is invalid, the pool's default does. */
function maxconnOf(pool: Pool, values: TagValues): number {
  const key = pool.maxconnKeys.find((name) => values.has(name));
  return (key === undefined ? undefined : values.number(key)) ?? pool.maxconn;
}
