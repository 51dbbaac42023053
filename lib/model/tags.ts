// The table of tags (`haproxy.weight=2`) and Meta keys (`haproxy-weight`): what each is, and does. Pure.
import { parseWhole } from './address.js';
import { MAX_MAXCONN, MAX_WEIGHT } from './server-limits.js';

/** What keys do, in words that follow "it". */
export const TAG_EFFECTS = {
  weight: 'sets the weight at runtime',
  maxconn: 'sets maxconn at runtime',
  scheme: 'chooses the range',
  sslverify: 'chooses the range',
  select: 'selects',
} as const;

export type TagEffect = keyof typeof TAG_EFFECTS;

/** What the value of a key may be. */
interface TagForm {
  /** The value that a text stands for; undefined: it is none. */
  readonly parse: (text: string) => string | number | undefined;
  /** What a value is, in words that follow "is not". */
  readonly expects: string;
  /** The same in short: `0..256`, `http|https`. */
  readonly form: string;
}

/** One key, without the prefix. */
export interface TagRow extends TagForm {
  readonly key: string;
  readonly effect: TagEffect;
}

/** What people are told of a key. */
export interface TagHelp {
  /** What it is for, in one line. */
  readonly help: string;
  /** What holds for an instance that does not say it, or says what cannot be parsed. */
  readonly otherwise: string;
}

export const wholeUpTo = (max: number): TagForm => ({
  parse: (text) => parseWhole(text, 0, max),
  expects: `a whole number from 0 to ${max}`,
  form: `0..${max}`,
});
export const oneOf = (...values: readonly string[]): TagForm => ({
  parse: (text) => (values.includes(text) ? text : undefined),
  expects: values.length === 1 ? String(values[0]) : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
  form: values.join('|'),
});
export const anyText: TagForm = { parse: (text) => text, expects: 'any text', form: 'text' };

/** The keys that mean the same in every configuration; of two with one effect, the first that is said holds. */
export const TAGS: readonly TagRow[] = [
  { key: 'weight', effect: 'weight', ...wholeUpTo(MAX_WEIGHT) },
  { key: 'maxconn', effect: 'maxconn', ...wholeUpTo(MAX_MAXCONN) },
  { key: 'scheme', effect: 'scheme', ...oneOf('http', 'https') },
  { key: 'sslverify', effect: 'sslverify', ...oneOf('0', '1') },
];

/** By key; apart from the rows, since functions do not need it. */
export const TAG_HELP: Readonly<Record<string, TagHelp>> = {
  weight: { help: 'share of the requests', otherwise: "Consul's passing weight" },
  maxconn: { help: 'requests at a time, 0 is no limit', otherwise: "the pool's maxconn" },
  scheme: { help: 'how HAProxy connects', otherwise: 'http' },
  sslverify: {
    help: 'with https: 1 verifies the certificate (haproxy.servers.caFile, verifyName), 0 takes any',
    otherwise: '1',
  },
};

/** The keys with that effect in every configuration. */
export function keysWith(effect: TagEffect): string[] {
  return TAGS.filter((row) => row.effect === effect).map(({ key }) => key);
}

/** By key. */
export type TagTable = ReadonlyMap<string, TagRow>;

/** What a pool asks of the keys of its own choice. */
export interface PoolKeys {
  readonly select: Readonly<Record<string, readonly (string | null)[]>>;
  readonly maxconnKeys: readonly string[];
}

/**
 * The keys that instances of these pools may say: those of every configuration, and those that the pools name.
 * What one of the latter is, `rows` says, and where that has no such row, how the pools use it.
 */
export function tagTable(pools: readonly PoolKeys[], rows: readonly TagRow[] = TAGS): TagTable {
  const known = new Map(rows.map((row) => [row.key, row]));
  const table = new Map(TAGS.map((row) => [row.key, row]));
  const add = (key: string, effect: TagEffect, form: () => TagForm): void => {
    if (table.has(key)) return;
    table.set(key, known.get(key) ?? { key, effect, ...form() });
  };
  for (const { maxconnKeys } of pools)
    for (const key of maxconnKeys) add(key, 'maxconn', () => wholeUpTo(MAX_MAXCONN));
  for (const { select } of pools)
    for (const key of Object.keys(select)) add(key, 'select', () => selectedForm(pools, key));
  return table;
}

/** A key that pools only want absent (`[null]`) may hold anything: having it is what counts. */
function selectedForm(pools: readonly PoolKeys[], key: string): TagForm {
  const values = new Set(pools.flatMap(({ select }) => select[key] ?? []).filter((value) => value !== null));
  return values.size === 0 ? anyText : oneOf(...[...values].sort());
}
