// The table of tags: what each key takes, what it does, and what README says of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IRI_TAG_HELP, IRI_TAGS } from '../../lib/iri/tags.js';
import { keysWith, TAG_HELP, TAGS, type TagRow, tagTable } from '../../lib/model/tags.js';

const README = join(import.meta.dirname, '..', '..', 'README.md');
const ROWS = [...TAGS, ...IRI_TAGS];

/** A line for each key: its effect, texts with what they stand for, texts that are refused. */
const HELP = { ...TAG_HELP, ...IRI_TAG_HELP };
const KEYS: readonly (readonly [string, TagRow['effect'], Readonly<Record<string, unknown>>, string[]])[] = [
  ['weight', 'weight', { '0': 0, '256': 256 }, ['257', '-1', '1.5', '1e2', '02', ' 2', '']],
  ['maxconn', 'maxconn', { '0': 0, '1000000': 1_000_000 }, ['1000001', '-1', '1e3', 'none', '']],
  ['scheme', 'scheme', { http: 'http', https: 'https' }, ['HTTPS', 'tcp', '']],
  ['sslverify', 'sslverify', { '0': '0', '1': '1' }, ['2', 'false', '']],
  ['maxconnpow', 'maxconn', { '0': 0, '1000000': 1_000_000 }, ['1000001', '']],
  ['pow', 'select', { false: 'false', true: 'true', only: 'only' }, ['maybe', 'True', '']],
];

describe('the table of tags', () => {
  it('has no key that is not tested here, and none twice', () => {
    expect(ROWS.map(({ key }) => key)).toEqual(KEYS.map(([key]) => key));
    expect(new Set(ROWS.map(({ key }) => key)).size).toBe(ROWS.length);
  });

  describe.each(KEYS)('%s', (key, effect, taken, refused) => {
    const row = ROWS.find((entry) => entry.key === key);

    it(`has the effect ${effect}`, () => {
      expect(row?.effect).toBe(effect);
    });

    it.each(Object.entries(taken))('takes %j', (text, value) => {
      expect(row?.parse(text)).toBe(value);
    });

    it.each(refused)('refuses %j', (text) => {
      expect(row?.parse(text)).toBeUndefined();
    });

    it('says in one line what it is for, what it takes and what holds without it', () => {
      const { help, otherwise } = HELP[key] ?? {};
      for (const text of [help, row?.expects, row?.form, otherwise]) expect(text).toMatch(/^[ -~]+$/);
    });
  });
});

describe('the keys that instances may say', () => {
  const pool = { select: {}, maxconnKeys: ['maxconn'] };
  const rowOf = (pools: Parameters<typeof tagTable>[0], key: string): TagRow | undefined =>
    tagTable(pools, ROWS).get(key);

  it('are those of every configuration, and then those that a pool names', () => {
    const pools = [
      { ...pool, select: { pow: ['true'] } },
      { ...pool, maxconnKeys: ['mc', 'maxconn'] },
    ];
    expect([...tagTable(pools, ROWS).keys()]).toEqual([...TAGS.map(({ key }) => key), 'mc', 'pow']);
    expect([...tagTable([pool], ROWS).keys()]).toEqual(TAGS.map(({ key }) => key));
  });

  it('are what their row says, whatever a pool selects', () => {
    const pools = [{ ...pool, select: { pow: [null, 'false'] } }];
    expect(rowOf(pools, 'pow')?.expects).toBe('false, true or only');
  });

  it('hold a number where they have no row and set maxconn', () => {
    const row = rowOf([{ ...pool, maxconnKeys: ['mc'] }], 'mc');
    expect([row?.effect, row?.parse('7'), row?.parse('many')]).toEqual(['maxconn', 7, undefined]);
  });

  it('hold what any pool selects where they have no row, and any text where pools want them absent', () => {
    const pools = [
      { ...pool, select: { tier: ['gold', null], canary: [null] } },
      { ...pool, select: { tier: ['base'] } },
    ];
    expect(rowOf(pools, 'tier')).toMatchObject({ effect: 'select', expects: 'base or gold' });
    expect(rowOf(pools, 'tier')?.parse('silver')).toBeUndefined();
    expect(rowOf(pools, 'canary')?.parse('whatever')).toBe('whatever');
  });

  it('of one effect are several, the first row first', () => {
    expect(keysWith('weight')[0]).toBe('weight');
    expect(keysWith('maxconn')).not.toContain('maxconnpow');
  });
});

describe("README's table of tags", () => {
  const LINES = /(<!-- tags:.*-->\n)[\s\S]*?(<!-- end of tags -->)/;
  const shown = (text: string): string => text.replaceAll('|', '\\|');
  const table = [
    '| tag | meaning | otherwise |',
    '|---|---|---|',
    ...ROWS.map(
      ({ key, form }) =>
        `| \`haproxy.${key}=${shown(form)}\` | ${shown(HELP[key]?.help ?? '')} | ${shown(HELP[key]?.otherwise ?? '')} |`,
    ),
  ];

  it('is the table: `npx vitest run test/model/tags.test.ts -u` writes it', async () => {
    const readme = readFileSync(README, 'utf8');
    expect(readme).toMatch(LINES);
    const wanted = readme.replace(LINES, (_, begin, end) => `${begin}${table.join('\n')}\n${end}`);
    await expect(wanted).toMatchFileSnapshot(README);
  });
});
