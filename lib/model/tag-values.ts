// What an instance says in its tags and Meta, parsed by the table of tags. Pure.
import type { ProblemOf } from './problem.js';
import type { TagTable } from './tags.js';

/** What an instance says, by key; null: what it says cannot be parsed, and the default is used. */
export type TagValues = ReadonlyMap<string, string | number | null>;

export function hasTag(values: TagValues, key: string): boolean {
  return values.has(key);
}

/** The number that the first of these keys that is said has; undefined where none is, or its value is none. */
export function numberIn(values: TagValues, ...keys: readonly string[]): number | undefined {
  const value = firstIn(values, keys);
  return typeof value === 'number' ? value : undefined;
}

/** The text that the first of these keys that is said has; undefined where none is, or its value is none. */
export function textIn(values: TagValues, ...keys: readonly string[]): string | undefined {
  const value = firstIn(values, keys);
  return typeof value === 'string' ? value : undefined;
}

function firstIn(values: TagValues, keys: readonly string[]): string | number | null | undefined {
  const key = keys.find((name) => values.has(name));
  return key === undefined ? undefined : values.get(key);
}

interface Subject {
  /** The instance's label. */
  readonly instance: string;
  readonly place: 'tag' | 'Meta';
  /** As it was said: `haproxy.weight=x`. */
  readonly said: string;
}

/** What of an instance's tags and Meta is not used. */
export type TagProblem = ProblemOf<'tag-unknown' | 'tag-invalid' | 'tag-repeated'>;

/** Who says it, by its label, and where. */
export interface Tagged {
  readonly label: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
}

const NOTHING: TagValues = new Map();

/**
 * Parses the tags and Meta keys of one instance that carry our prefix. Tags win over Meta, the first
 * tag over a repeated one. `tell` is told of everything that is not used.
 */
export function parseTags(
  instance: Tagged,
  prefix: string,
  table: TagTable,
  tell: (problem: TagProblem) => void,
): TagValues {
  const statements = statementsOf(instance, prefix);
  if (statements.length === 0) return NOTHING;
  const values = new Map<string, string | number | null>();
  for (const { place, said, key, text } of statements) {
    const where = (): Subject => ({ instance: instance.label, place, said });
    const row = table.get(key);
    if (!row) {
      tell({ code: 'tag-unknown', ...where(), known: [...table.keys()] });
      continue;
    }
    const value = row.parse(text);
    if (!values.has(key)) {
      values.set(key, value ?? null);
      if (value === undefined) tell({ code: 'tag-invalid', ...where(), expects: row.expects });
    } else if (value === undefined || values.get(key) !== value) {
      tell({ code: 'tag-repeated', ...where(), key });
    }
  }
  return values;
}

interface Statement extends Pick<Subject, 'place' | 'said'> {
  readonly key: string;
  readonly text: string;
}

function statementsOf({ tags, meta }: Tagged, prefix: string): Statement[] {
  const statements: Statement[] = [];
  const dotted = `${prefix}.`;
  for (const tag of tags) {
    if (!tag.startsWith(dotted)) continue;
    const at = tag.indexOf('=');
    const key = tag.slice(dotted.length, at === -1 ? undefined : at);
    statements.push({ place: 'tag', said: tag, key, text: at === -1 ? '' : tag.slice(at + 1) });
  }
  for (const name of Object.keys(meta).sort()) {
    if (!name.startsWith(`${prefix}-`)) continue;
    const held = meta[name];
    const text = typeof held === 'string' ? held : '';
    statements.push({ place: 'Meta', said: `${name}=${text}`, key: name.slice(prefix.length + 1), text });
  }
  return statements;
}
