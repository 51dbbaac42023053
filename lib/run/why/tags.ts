// Each tag and Meta key of an instance, and what became of it. Pure.
import type { Config, Pool } from '../../config/pools.js';
import { tagTableOf } from '../../config/tag-keys.js';
import { nearest } from '../../model/nearest.js';
import { parseTags, type TagProblem, type TagValues } from '../../model/tag-values.js';
import type { TagRow, TagTable } from '../../model/tags.js';
import { plainText, showName } from '../../model/text.js';
import type { WhyTag } from '../../model/why.js';
import type { CauseOf } from '../../model/why-causes.js';
import type { Located } from '../../plan/selection.js';

/** Of one instance, so many are told of. */
const MAX_TAGS = 30;

export interface TagsOf {
  readonly tags: readonly WhyTag[];
  /** Those that were left out. */
  readonly more: number;
  /** Those that are wrong, each with the key that it is, or should be. */
  readonly bad: readonly { readonly key: string | undefined; readonly cause: CauseOf<'tag-bad'> }[];
}

/** `settings` says what came of the keys that set something: by effect. */
export function tagsOf(
  config: Config,
  service: string,
  { label, instance }: Pick<Located, 'label' | 'instance'>,
  settings: Readonly<Record<string, string>>,
): TagsOf {
  const { tagPrefix: prefix } = config;
  const table = tagTableOf(config, service);
  const problems = new Map<string, TagProblem>();
  const { tags, meta } = instance;
  const values = parseTags({ label, tags, meta }, prefix, table, (problem) => {
    const key = `${problem.place} ${problem.said}`;
    if (problems.size < MAX_TAGS && !problems.has(key)) problems.set(key, problem);
  });
  const said = [
    ...tags.map((text) => ({ place: 'tag', text }) as const),
    ...Object.keys(meta)
      .filter((name) => name.startsWith(`${prefix}-`))
      .sort()
      .map((name) => ({ place: 'Meta', text: `${name}=${plainValue(meta[name])}` }) as const),
  ];
  const pools = config.pools.filter((pool) => pool.service === service);
  const shown = said.slice(0, MAX_TAGS).map(({ place, text }): WhyTag => {
    const problem = problems.get(`${place} ${text}`);
    const became = problem
      ? ofProblem(problem)
      : ofText(text, place, { prefix, table, values, pools, settings });
    return { place, said: plainText(text, 80), ...became };
  });
  return {
    tags: shown,
    more: Math.max(0, said.length - MAX_TAGS),
    bad: [...problems.values()].flatMap((problem) => badOf(problem, prefix) ?? []),
  };
}

const plainValue = (value: unknown): string => (typeof value === 'string' ? value : '');

type Became = Pick<WhyTag, 'became' | 'text'>;

function ofProblem(problem: TagProblem): Became {
  if (problem.code === 'tag-invalid')
    return { became: 'default', text: `is not ${problem.expects}; the default holds` };
  if (problem.code === 'tag-repeated')
    return { became: 'ignored', text: `${showName(problem.key)} was said before` };
  return { became: 'ignored', text: wrongOf(problem) };
}

function wrongOf(problem: TagProblem): string {
  if (problem.code === 'tag-invalid') return `is not ${problem.expects}`;
  if (problem.code === 'tag-misspelt') return `is ignored: did you mean ${problem.meant}?`;
  return 'is ignored: its key is unknown';
}

function badOf(problem: TagProblem, prefix: string): TagsOf['bad'][number] | undefined {
  const { place, said } = problem;
  const cause = { code: 'tag-bad', place, said, wrong: wrongOf(problem) } as const;
  const keyOf = (name: string): string => name.slice(prefix.length + 1);
  const name = said.split('=', 1)[0] ?? '';
  switch (problem.code) {
    case 'tag-repeated':
      return undefined;
    case 'tag-invalid':
      return { key: keyOf(name), cause };
    case 'tag-misspelt':
      return { key: keyOf(problem.meant), cause };
    case 'tag-unknown': {
      const key = nearest(keyOf(name), problem.known);
      const meant = `${name.slice(0, prefix.length + 1)}${key}`;
      return {
        key,
        cause: key === undefined ? cause : { ...cause, wrong: `is ignored: did you mean ${meant}?` },
      };
    }
  }
}

interface Context {
  readonly prefix: string;
  readonly table: TagTable;
  readonly values: TagValues;
  readonly pools: readonly Pool[];
  readonly settings: Readonly<Record<string, string>>;
}

function ofText(text: string, place: WhyTag['place'], context: Context): Became {
  const { prefix, table, values, pools, settings } = context;
  const name = text.split('=', 1)[0] ?? '';
  const row = name.startsWith(place === 'tag' ? `${prefix}.` : `${prefix}-`)
    ? table.get(name.slice(prefix.length + 1))
    : undefined;
  if (!row) return ofPlainTag(text, pools);
  if (row.effect === 'select') return ofSelect(row, values, pools);
  if (row.effect === 'maxconn') return ofMaxconn(row, values, pools);
  const set = settings[row.effect];
  return set === undefined ? { became: 'unused', text: 'no pool selects it' } : { became: 'used', text: set };
}

function ofPlainTag(text: string, pools: readonly Pool[]): Became {
  const asked = pools.filter(({ tags }) => tags.includes(text)).map(({ backend }) => backend);
  const refused = pools.filter(({ notTags }) => notTags.includes(text)).map(({ backend }) => backend);
  if (asked.length === 0 && refused.length === 0)
    return { became: 'other', text: 'not about load balancing' };
  return {
    became: 'used',
    text: [
      ...(asked.length > 0 ? [`${asked.join(', ')} asks for it`] : []),
      ...(refused.length > 0 ? [`${refused.join(', ')} refuses it`] : []),
    ].join('; '),
  };
}

function ofSelect({ key }: TagRow, values: TagValues, pools: readonly Pool[]): Became {
  const value = values.get(key);
  const chosen = pools.filter(
    ({ select }) => typeof value === 'string' && (select[key]?.includes(value) ?? false),
  );
  const text =
    chosen.length === 0 ? 'selects no pool' : `selects ${chosen.map(({ backend }) => backend).join(', ')}`;
  return { became: chosen.length === 0 ? 'unused' : 'used', text };
}

function ofMaxconn({ key }: TagRow, values: TagValues, pools: readonly Pool[]): Became {
  const readers = pools.filter(({ maxconnKeys }) => maxconnKeys.find((name) => values.has(name)) === key);
  if (readers.length === 0) return { became: 'unused', text: 'another key sets maxconn' };
  return {
    became: 'used',
    text: `maxconn ${values.get(key)} in ${readers.map(({ backend }) => backend).join(', ')}`,
  };
}
