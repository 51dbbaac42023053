// The table of tags (`haproxy.weight=2`) and Meta keys (`haproxy-weight`), and their parser. Pure.

import type { Config } from '../config/pools.js';
import { MAX_MAXCONN, MAX_WEIGHT } from '../haproxy/commands.js';
import { parseWhole } from './address.js';
import { quote } from './text.js';

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

/** What an instance says: a key is absent, holds a parsed value, or is `invalid` (use the default). */
export class TagValues {
  constructor(private readonly values: ReadonlyMap<string, string | number | typeof INVALID>) {}

  has(key: string): boolean {
    return this.values.has(key);
  }
  number(key: string): number | undefined {
    const value = this.values.get(key);
    return typeof value === 'number' ? value : undefined;
  }
  text(key: string): string | undefined {
    const value = this.values.get(key);
    return typeof value === 'string' ? value : undefined;
  }
}

const INVALID = Symbol('invalid');
const NOTHING = new TagValues(new Map());

/**
 * Parses the tags and Meta keys of one instance that carry our prefix. Tags win over Meta, the first
 * tag over a repeated one. `warn` is told of everything that is not used, with key and value.
 */
export function parseTags(
  instance: { readonly tags: readonly string[]; readonly meta: Readonly<Record<string, unknown>> },
  prefix: string,
  table: TagTable,
  warn: (text: string) => void,
): TagValues {
  const said: { readonly what: () => string; readonly key: string; readonly value: string }[] = [];
  const dotted = `${prefix}.`;
  for (const tag of instance.tags) {
    if (!tag.startsWith(dotted)) continue;
    const at = tag.indexOf('=');
    const key = tag.slice(prefix.length + 1, at === -1 ? undefined : at);
    said.push({ what: () => `tag ${quote(tag)}`, key, value: at === -1 ? '' : tag.slice(at + 1) });
  }
  for (const key of Object.keys(instance.meta).sort()) {
    if (!key.startsWith(`${prefix}-`)) continue;
    const held = instance.meta[key];
    const value = typeof held === 'string' ? held : '';
    const what = (): string => `Meta ${quote(`${key}=${value}`)}`;
    said.push({ what, key: key.slice(prefix.length + 1), value });
  }
  if (said.length === 0) return NOTHING;

  const values = new Map<string, string | number | typeof INVALID>();
  for (const { what, key, value } of said) {
    const rule = table.get(key);
    if (!rule) {
      warn(`${what()} is ignored: unknown key, known are ${[...table.keys()].join(', ')}`);
      continue;
    }
    const parsed = rule.parse(value);
    if (!values.has(key)) {
      values.set(key, parsed ?? INVALID);
      if (parsed === undefined) warn(`${what()} is not ${rule.expects}; the default is used`);
    } else if (values.get(key) !== parsed) {
      warn(`${what()} is ignored: ${key} was set before`);
    }
  }
  return new TagValues(values);
}
