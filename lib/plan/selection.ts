// Which instances a pool serves and with what settings, before any load balancer is looked at. Pure.
import type { Pool, Transport } from '../config/pools.js';
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import { consulWeight, labelOf, type ServiceInstance } from '../model/instance.js';
import type { Problem } from '../model/problem.js';
import { MAX_WEIGHT } from '../model/server-limits.js';
import { numberIn, parseTags, type TagValues, textIn } from '../model/tag-values.js';
import { keysWith, type TagTable } from '../model/tags.js';

const WEIGHT_KEYS = keysWith('weight');
const SCHEME_KEYS = keysWith('scheme');
const SSLVERIFY_KEYS = keysWith('sslverify');

/** An instance at a usable address, with what its tags say. */
export interface Located {
  readonly label: string;
  readonly instance: ServiceInstance;
  /** `address:port` as registered, canonical: what the choice of a slot hashes, so that a moved host name keeps its slot. */
  readonly registered: string;
  /** Set for host names, which a run has to resolve. */
  readonly hostName: string | undefined;
  /** The address of an IP literal. */
  readonly ip: string | undefined;
  readonly port: number;
  readonly tags: TagValues;
}

/** A located instance that a pool selects, with the settings it has there. */
export interface Selected {
  readonly located: Located;
  readonly transport: Transport;
  /** From the tag; undefined leaves it to Consul's Weights for the status. */
  readonly weight: number | undefined;
  readonly maxconn: number;
}

/** Parses address, port and tags of each instance; `tell` is told what is unusable. */
export function locate(
  instances: readonly ServiceInstance[],
  prefix: string,
  table: TagTable,
  tell: (problem: Problem) => void,
): Located[] {
  const located: Located[] = [];
  for (const instance of instances) {
    const label = labelOf(instance);
    const address = parseAddress(instance.address);
    const port = parsePort(instance.port);
    if (!address) tell({ code: 'address-unusable', instance: label, value: instance.address });
    if (!port) tell({ code: 'port-unusable', instance: label, value: instance.port });
    const { tags: said, meta } = instance;
    const tags = parseTags({ label, tags: said, meta }, prefix, table, tell);
    for (const status of ['passing', 'warning'] as const) {
      if (consulWeight(instance, status) !== undefined) continue;
      const value = instance.weights[status];
      tell({ code: 'weight-unusable', instance: label, status, value, max: MAX_WEIGHT });
    }
    if (!address || !port) continue;
    const isName = address.kind === 'name';
    located.push({
      label,
      instance,
      registered: printHostPort(address.text, port),
      hostName: isName ? address.text : undefined,
      ip: isName ? undefined : address.text,
      port,
      tags,
    });
  }
  return located;
}

/** Those that the pool's rule selects: every key must hold (or lack) one of the values named. */
export function selectFor(pool: Pool, located: readonly Located[]): Selected[] {
  const rules = Object.entries(pool.select);
  return located
    .filter(({ tags }) => rules.every(([key, wanted]) => wanted.includes(textIn(tags, key) ?? null)))
    .map((entry) => ({
      located: entry,
      transport: transportOf(entry.tags),
      weight: numberIn(entry.tags, ...WEIGHT_KEYS),
      maxconn: maxconnOf(pool, entry.tags),
    }));
}

function transportOf(tags: TagValues): Transport {
  if (textIn(tags, ...SCHEME_KEYS) !== 'https') return 'plain';
  return textIn(tags, ...SSLVERIFY_KEYS) === '0' ? 'unverified' : 'verified';
}

/** The first key that is present decides; where its value is invalid, the pool's default does. */
function maxconnOf(pool: Pool, tags: TagValues): number {
  return numberIn(tags, ...pool.maxconnKeys) ?? pool.maxconn;
}
