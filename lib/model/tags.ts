// The table of tags (`haproxy.weight=2`) and Meta keys (`haproxy-weight`), and their parser. Pure.

import type { Config } from '../config/pools.js';
import type { ProblemOf } from './problem.js';

/** HAProxy stores a server's weight in 0..256 (`set server … weight`). */
export const MAX_WEIGHT = 256;
/** Far above what a server can take; HAProxy itself accepts any integer, negative ones too. */
export const MAX_MAXCONN = 1_000_000;

import { parseWhole } from './address.js';

/** One key: how its value is parsed (undefined: invalid) and what it may be, for people. */
interface TagRule {
  readonly parse: (value: string) => string | number | undefined;
  readonly expects: string;
}

export type TagTable = ReadonlyMap<string, TagRule>;

const wholeUpTo = (max: number): TagRule => ({
  parse: (value) => parseWhole(value, 0, max),
  expects: `a whole number from 0 to ${max}`,
});
const oneOf = (...values: readonly string[]): TagRule => ({
  parse: (value) => (values.includes(value) ? value : undefined),
  expects: values.length === 1 ? String(values[0]) : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
});

const ANY_TEXT: TagRule = { parse: (value) => value, expects: 'any text' };

/** The keys that mean the same in every configuration. A new tag is a new line here. */
const FIXED: readonly (readonly [string, TagRule])[] = [
  ['weight', wholeUpTo(MAX_WEIGHT)],
  ['maxconn', wholeUpTo(MAX_MAXCONN)],
  ['scheme', oneOf('http', 'https')],
  ['sslverify', oneOf('0', '1')],
];

/** The table of a configuration: the fixed keys, its maxconn keys, and the keys its pools select by. */
export function tagTable(config: Pick<Config, 'pools'>): TagTable {
  const table = new Map(FIXED);
  const selected = new Map<string, Set<string>>();
  for (const pool of config.pools) {
    for (const key of pool.maxconnKeys) table.set(key, wholeUpTo(MAX_MAXCONN));
    for (const [key, values] of Object.entries(pool.select)) {
      const known = selected.get(key) ?? new Set<string>();
      for (const value of values) if (value !== null) known.add(value);
      selected.set(key, known);
    }
  }
  for (const [key, values] of selected) {
    // A key that pools only want absent (`[null]`) may hold anything: having it is what counts.
    if (!table.has(key)) table.set(key, values.size === 0 ? ANY_TEXT : oneOf(...[...values].sort()));
  }
  return table;
}

/** What an instance says: a key is absent, holds a parsed value, or is null: present, and invalid (use the default). */
export type TagValues = ReadonlyMap<string, string | number | null>;

export const hasTag = (values: TagValues, key: string): boolean => values.has(key);

export function numberIn(values: TagValues, key: string): number | undefined {
  const value = values.get(key);
  return typeof value === 'number' ? value : undefined;
}

export function textIn(values: TagValues, key: string): string | undefined {
  const value = values.get(key);
  return typeof value === 'string' ? value : undefined;
}

const NOTHING: TagValues = new Map();

type TagProblem = ProblemOf<'tag-unknown' | 'tag-invalid' | 'tag-repeated'>;

/**
 * Parses the tags and Meta keys of one instance that carry our prefix. Tags win over Meta, the first
 * tag over a repeated one. `tell` is told of everything that is not used, with key and value.
 */
export function parseTags(
  instance: { readonly tags: readonly string[]; readonly meta: Readonly<Record<string, unknown>> },
  label: string,
  prefix: string,
  table: TagTable,
  tell: (problem: TagProblem) => void,
): TagValues {
  const found: {
    readonly place: 'tag' | 'Meta';
    readonly said: string;
    readonly key: string;
    readonly value: string;
  }[] = [];
  const dotted = `${prefix}.`;
  for (const tag of instance.tags) {
    if (!tag.startsWith(dotted)) continue;
    const at = tag.indexOf('=');
    const key = tag.slice(prefix.length + 1, at === -1 ? undefined : at);
    found.push({ place: 'tag', said: tag, key, value: at === -1 ? '' : tag.slice(at + 1) });
  }
  for (const key of Object.keys(instance.meta).sort()) {
    if (!key.startsWith(`${prefix}-`)) continue;
    const held = instance.meta[key];
    const value = typeof held === 'string' ? held : '';
    found.push({ place: 'Meta', said: `${key}=${value}`, key: key.slice(prefix.length + 1), value });
  }
  if (found.length === 0) return NOTHING;

  const values = new Map<string, string | number | null>();
  for (const { place, said, key, value } of found) {
    const facts = { instance: label, place, said };
    const rule = table.get(key);
    if (!rule) {
      tell({ code: 'tag-unknown', ...facts, known: [...table.keys()] });
      continue;
    }
    const parsed = rule.parse(value) ?? null;
    if (!values.has(key)) {
      values.set(key, parsed);
      if (parsed === null) tell({ code: 'tag-invalid', ...facts, expects: rule.expects });
    } else if (parsed === null || values.get(key) !== parsed) {
      tell({ code: 'tag-repeated', ...facts, key });
    }
  }
  return values;
}
