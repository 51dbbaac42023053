// What an instance says in its tags and Meta, parsed by the table of tags. Pure.
import { meantBy, nearlyOf } from './misspelt-tags.js';
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
  for (const key of keys) {
    const value = values.get(key);
    if (value !== undefined) return value;
  }
  return undefined;
}

interface Subject {
  /** The instance's label. */
  readonly instance: string;
  readonly place: 'tag' | 'Meta';
  /** As it was said: `haproxy.weight=x`. */
  readonly said: string;
}

/** What of an instance's tags and Meta is not used. */
export type TagProblem = ProblemOf<'tag-unknown' | 'tag-misspelt' | 'tag-invalid' | 'tag-repeated'>;

/** Who says it, by its label, and where. */
export interface Tagged {
  readonly label: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Of one instance, so many that are nearly right are looked at: what they mean takes a comparison with every key. */
const MAX_NEAR = 100;

const NOTHING: TagValues = new Map();

/** What is known so far of what one instance says. */
interface Said {
  readonly label: string;
  readonly values: Map<string, string | number | null>;
  /** How many texts were looked at because they are nearly right. */
  near: number;
}

/**
 * Parses the tags and Meta keys of one instance that carry our prefix. Tags win over Meta, the first
 * tag over a repeated one. `tell` is told of everything that is not used, also of what was written nearly
 * right. Holds nothing for what is not used: a registration may have a million tags.
 */
export function parseTags(
  tagged: Tagged,
  prefix: string,
  table: TagTable,
  tell: (problem: TagProblem) => void,
): TagValues {
  return tagParser(prefix, table, tell)(tagged);
}

/** The same for many instances, one after the other. */
export function tagParser(
  prefix: string,
  table: TagTable,
  tell: (problem: TagProblem) => void,
): (tagged: Tagged) => TagValues {
  const known = [...table.keys()];
  const dotted = `${prefix}.`;
  const dashed = `${prefix}-`;
  const isNearly = nearlyOf(prefix);

  function use({ label, values }: Said, place: Subject['place'], said: string, key: string, text: string) {
    const where: Subject = { instance: label, place, said };
    const row = table.get(key);
    if (!row) {
      tell({ code: 'tag-unknown', ...where, known });
      return;
    }
    const value = row.parse(text);
    if (!values.has(key)) {
      values.set(key, value ?? null);
      if (value === undefined) tell({ code: 'tag-invalid', ...where, expects: row.expects });
    } else if (value === undefined || values.get(key) !== value) {
      tell({ code: 'tag-repeated', ...where, key });
    }
  }

  /** `name`: of what was said, without the value. */
  function notice(of: Said, place: Subject['place'], said: string, name: string) {
    if (of.near === MAX_NEAR || !isNearly(name)) return;
    of.near += 1;
    const meant = meantBy(name, prefix, place === 'tag' ? '.' : '-', known);
    const where: Subject = { instance: of.label, place, said };
    if (meant === null) tell({ code: 'tag-unknown', ...where, known });
    else if (meant !== undefined)
      tell({ code: 'tag-misspelt', ...where, meant: `${place === 'tag' ? dotted : dashed}${meant}` });
  }

  return ({ label, tags, meta }) => {
    const of: Said = { label, values: new Map(), near: 0 };
    for (const said of tags) {
      if (said.startsWith(dotted)) {
        const at = said.indexOf('=');
        const text = at === -1 ? '' : said.slice(at + 1);
        use(of, 'tag', said, said.slice(dotted.length, at === -1 ? undefined : at), text);
      } else notice(of, 'tag', said, said);
    }
    for (const name of Object.keys(meta).sort()) {
      const held = meta[name];
      const text = typeof held === 'string' ? held : '';
      if (name.startsWith(dashed)) use(of, 'Meta', `${name}=${text}`, name.slice(dashed.length), text);
      else notice(of, 'Meta', `${name}=${text}`, name);
    }
    return of.values.size === 0 ? NOTHING : of.values;
  };
}
