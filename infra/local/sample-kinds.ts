// Which sample nodes a configuration gets: IRI nodes of each kind, web nodes elsewhere, every pool with some. Pure.
import type { Config, Pool } from '../../lib/config/pools.js';
import { tagTableOf } from '../../lib/config/tag-keys.js';
import { IRI_SERVICE, iriIsOn } from '../../lib/iri/layout.js';
import { exclusionOf, locate, settleFor } from '../../lib/plan/selection.js';

export interface Kind {
  /** Its id in Consul, too. */
  readonly name: string;
  readonly service: string;
  readonly tags: readonly string[];
  /** Answers as an IRI node does, and is checked like one; else a web server. */
  readonly isIri: boolean;
  /** Of an IRI node: it does proof of work. */
  readonly pow?: boolean;
  readonly https?: boolean;
}

export interface Kinds {
  readonly registered: readonly Kind[];
  /** Both run, but are in Consul only once somebody registers them. */
  readonly demonstration: Kind;
  readonly spare: Kind;
}

/** One of each kind that the tags of IRI can say. */
const IRI_NODES: readonly Pick<Kind, 'tags' | 'pow' | 'https'>[] = [
  { tags: [] },
  { tags: ['maxconn=7', 'weight=2'] },
  { tags: ['scheme=https', 'sslverify=0'], https: true },
  { tags: ['pow=true', 'maxconnpow=2'], pow: true },
  { tags: ['pow=only'], pow: true },
];
/** So that one can be drained without the pool losing half. */
const A_POOL = 3;
/** Of a node's name, in characters. */
const LONGEST_STEM = 40;

/** Of the default configuration: iri-1 to iri-5, and iri-6 and iri-7 for later. */
export function kindsFor(config: Config): Kinds {
  const name = namer();
  const registered: Kind[] = [];
  if (iriIsOn(config))
    for (const node of IRI_NODES) {
      const tags = node.tags.map((tag) => `${config.tagPrefix}.${tag}`);
      const kind = { ...node, tags, service: IRI_SERVICE, isIri: true };
      if (isServed(config, kind)) registered.push({ ...kind, name: name(IRI_SERVICE) });
    }
  for (const pool of config.pools) {
    if (registered.some((kind) => isIn(config, pool, kind))) continue;
    for (let count = 0; count < A_POOL; count += 1) registered.push(kindOf(config, pool, name));
  }
  const [first] = config.pools;
  if (!first) throw new Error('a configuration has a pool');
  return { registered, demonstration: kindOf(config, first, name), spare: kindOf(config, first, name) };
}

/** One that the pool selects, and that one of its ranges is for. */
function kindOf(config: Config, pool: Pool, name: (service: string) => string): Kind {
  const { service } = pool;
  const has = (transport: string): boolean => pool.ranges.some((range) => range.transport === transport);
  const own = (tag: string): string => `${config.tagPrefix}.${tag}`;
  const tls = has('plain') ? [] : ['scheme=https', ...(has('verified') ? [] : ['sslverify=0'])];
  const select = Object.entries(pool.select).flatMap(([key, values]) =>
    values.includes(null) ? [] : [`${key}=${values[0]}`],
  );
  return {
    name: name(service),
    service,
    tags: [...pool.tags, ...[...select, ...tls].map(own)],
    isIri: iriIsOn(config, service),
    pow: /=(?:true|only)$/.test(select.find((tag) => tag.startsWith('pow=')) ?? ''),
    https: tls.length > 0,
  };
}

type Unnamed = Omit<Kind, 'name'>;

/** Whether some pool selects it, and each that does has a range for it. */
function isServed(config: Config, kind: Unnamed): boolean {
  const pools = config.pools.filter((pool) => transportIn(config, pool, kind) !== undefined);
  return pools.length > 0 && pools.every((pool) => isIn(config, pool, kind));
}

function isIn(config: Config, pool: Pool, kind: Unnamed): boolean {
  const transport = transportIn(config, pool, kind);
  return pool.ranges.some((range) => range.transport === transport);
}

/** How the pool connects to it; undefined: it does not select it, or not all of its tags mean something. */
function transportIn(config: Config, pool: Pool, { service, tags }: Unnamed): string | undefined {
  if (service !== pool.service) return undefined;
  const instance = {
    ...{ node: 'local', id: service, address: '127.0.0.1', port: 1, tags, meta: {}, kind: '' },
    ...{
      weights: { passing: 1, warning: 1 },
      health: 'passing' as const,
      nodeIsDead: false,
      hasOwnCheck: true,
    },
  };
  let isUnderstood = true;
  const located = locate([instance], config.tagPrefix, tagTableOf(config, service), () => {
    isUnderstood = false;
  });
  const selected = located.filter((one) => exclusionOf(pool, one) === undefined);
  return isUnderstood ? settleFor(pool, selected)[0]?.transport : undefined;
}

/** Names that no shell, URL or header has to be told about, each once: `web-1`, `web-2`. */
function namer(): (service: string) => string {
  const counts = new Map<string, number>();
  return (service) => {
    const plain = service.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^-+/, '');
    const stem = plain.slice(0, LONGEST_STEM).replace(/-+$/, '') || 'node';
    const count = (counts.get(stem) ?? 0) + 1;
    counts.set(stem, count);
    return `${stem}-${count}`;
  };
}
