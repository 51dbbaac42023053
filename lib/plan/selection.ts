// Which instances a pool serves and with what settings, before any load balancer is looked at. Pure.
import type { Pool, Transport } from '../config/pools.js';
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import { consulWeight, labelOf, type ServiceInstance } from '../model/instance.js';
import type { Problem } from '../model/problem.js';
import { MAX_CONSUL_WEIGHT } from '../model/server-limits.js';
import { numberIn, type TagValues, tagParser, textIn } from '../model/tag-values.js';
import { keysWith, type TagTable } from '../model/tags.js';
import { type Weights, weightsOf } from './weights.js';

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
  /** The IP literal, or what the name has now; undefined: the name does not resolve, or was not looked up yet. */
  readonly addresses: readonly string[] | undefined;
  readonly port: number;
  readonly tags: TagValues;
}

/** A located instance that a pool selects, with the settings it has there. */
export interface Selected {
  /** With those of its addresses that a server may have. */
  readonly located: Located;
  readonly transport: Transport;
  /** As HAProxy takes it, for each state in which it is served. */
  readonly weights: Weights;
  readonly maxconn: number;
}

/** Why a pool does not select an instance. */
export type Exclusion =
  | { readonly by: 'kind'; readonly kind: string }
  /** `value` is null where the instance does not say the key. */
  | {
      readonly by: 'select';
      readonly key: string;
      readonly value: string | null;
      readonly wanted: readonly (string | null)[];
    }
  | { readonly by: 'tags'; readonly lacks: string }
  | { readonly by: 'notTags'; readonly has: string }
  | { readonly by: 'requireCheck' };

/** Parses address, port and tags of each instance; `tell` is told what is unusable. */
export function locate(
  instances: readonly ServiceInstance[],
  prefix: string,
  table: TagTable,
  tell: (problem: Problem) => void,
): Located[] {
  const located: Located[] = [];
  const parseTags = tagParser(prefix, table, tell);
  for (const instance of instances) {
    const label = labelOf(instance);
    const address = parseAddress(instance.address);
    const port = parsePort(instance.port);
    if (!address) tell({ code: 'address-unusable', instance: label, value: instance.address });
    if (!port) tell({ code: 'port-unusable', instance: label, value: instance.port });
    const { tags: said, meta, kind } = instance;
    if (isMeshKind(kind)) tell({ code: 'kind-left-out', instance: label, kind });
    const tags = parseTags({ label, tags: said, meta });
    for (const status of ['passing', 'warning'] as const) {
      if (consulWeight(instance, status) !== undefined) continue;
      const value = instance.weights[status];
      tell({ code: 'weight-unusable', instance: label, status, value, max: MAX_CONSUL_WEIGHT });
    }
    if (!address || !port) continue;
    const isName = address.kind === 'name';
    located.push({
      label,
      instance,
      registered: printHostPort(address.text, port),
      hostName: isName ? address.text : undefined,
      addresses: isName ? undefined : [address.text],
      port,
      tags,
    });
  }
  return located;
}

/** Consul's `Kind` of those that take nothing but the mesh's own mutual TLS. */
const isMeshKind = (kind: string): boolean =>
  kind === 'connect-proxy' || kind === 'mesh-gateway' || kind === 'terminating-gateway';

/** The first reason by which the pool's rule leaves an instance out; undefined: it is selected. */
export function exclusionOf(pool: Pool, { instance, tags }: Located): Exclusion | undefined {
  const { kind, hasOwnCheck, tags: said } = instance;
  if (isMeshKind(kind)) return { by: 'kind', kind };
  for (const key of Object.keys(pool.select)) {
    const wanted = pool.select[key] ?? [];
    const value = textIn(tags, key) ?? null;
    if (!wanted.includes(value)) return { by: 'select', key, value, wanted };
  }
  const lacks = pool.tags.find((tag) => !said.includes(tag));
  if (lacks !== undefined) return { by: 'tags', lacks };
  const has = pool.notTags.find((tag) => said.includes(tag));
  if (has !== undefined) return { by: 'notTags', has };
  return pool.requireCheck && !hasOwnCheck ? { by: 'requireCheck' } : undefined;
}

/** The settings that selected instances have in a pool; their weights depend on one another. */
export function settleFor(pool: Pool, chosen: readonly Located[]): Selected[] {
  const weights = weightsOf(
    chosen.map(({ instance, tags }) => ({ instance, tag: numberIn(tags, ...WEIGHT_KEYS) })),
  );
  return chosen.map((located, index) => ({
    located,
    transport: transportOf(located.tags),
    weights: weights[index] ?? { passing: 1, warning: 1 },
    maxconn: maxconnOf(pool, located.tags),
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
