// Which tag keys a configuration knows, and which its pools may not use for maxconn or to select by.
import { describe, expect, it } from 'vitest';
import { readLbConfig } from '../../lib/config/lb-config.js';
import type { Config } from '../../lib/config/pools.js';
import { configSchema } from '../../lib/config/pools.js';
import { tagRowsOf, tagTableOf } from '../../lib/config/tag-keys.js';
import type { SettingProblem } from '../../lib/model/errors.js';
import { TAGS } from '../../lib/model/tags.js';

type Pool = Readonly<Record<string, unknown>>;

function read(pools: readonly Pool[], more: object = {}): { config: Config; problems: string[] } {
  const problems: SettingProblem[] = [];
  const defaults = (index: number) => ({ backend: `b${index}`, service: 'web', ranges: [{ prefix: 's' }] });
  const complete = pools.map((pool, index) => ({ ...defaults(index), ...pool }));
  const config = readLbConfig(configSchema, JSON.stringify({ pools: complete, ...more }), problems);
  return { config, problems: problems.map(({ path, message }) => `${path}: ${message}`) };
}

const iri = { service: 'iri' };
const off = { haproxy: { iri: false } };

describe('a pool', () => {
  it.each<[string, Pool[], string]>([
    [
      'select by maxconn, also where another key sets it',
      [{ maxconnKeys: ['mc'], select: { maxconn: ['5'] } }],
      'pools.0.select: maxconn is a setting, it sets maxconn at runtime; have backend b0 select by another key',
    ],
    [
      'select by weight',
      [{}, { select: { weight: ['2'] } }],
      'pools.1.select: weight is a setting, it sets the weight at runtime; have backend b1 select by another key',
    ],
    [
      'select by scheme',
      [{ select: { scheme: ['https'] } }],
      'pools.0.select: scheme is a setting, it chooses the range; have backend b0 select by another key',
    ],
    [
      'select by its own maxconn key',
      [{ maxconnKeys: ['mc'], select: { mc: ['5'] } }],
      'pools.0.select: mc is a setting, it is in maxconnKeys of backend b0; have backend b0 select by another key',
    ],
    [
      "select by another pool's maxconn key",
      [{ maxconnKeys: ['mc'] }, { service: 'api', select: { mc: [null] } }],
      'pools.1.select: mc is a setting, it is in maxconnKeys of backend b0; have backend b1 select by another key',
    ],
    [
      'set maxconn by sslverify',
      [{ maxconnKeys: ['maxconn', 'sslverify'] }],
      'pools.0.maxconnKeys: sslverify means something else: it chooses the range; give backend b0 another key, such as maxconn',
    ],
    [
      "select by IRI's maxconnpow",
      [{ ...iri, select: { maxconnpow: ['5'] } }],
      'pools.0.select: maxconnpow is a setting, it sets maxconn at runtime; have backend b0 select by another key',
    ],
    [
      "set maxconn by IRI's pow",
      [{ ...iri, maxconnKeys: ['pow'] }],
      'pools.0.maxconnKeys: pow means something else: it selects; give backend b0 another key, such as maxconn',
    ],
    [
      'select by what pow never is',
      [{ ...iri, select: { pow: [null, 'maybe'] } }],
      'pools.0.select: pow is never "maybe"; have backend b0 select by false, true or only',
    ],
  ])('may not %s', (_what, pools, problem) => {
    expect(read(pools).problems).toEqual([`LB_CONFIG: ${problem}`]);
  });

  it.each<[string, Pool[], object]>([
    [
      'select by a key of its own',
      [{ select: { tier: ['gold', null] } }, { select: { tier: ['base'] } }],
      {},
    ],
    ['set maxconn by a key of its own', [{ maxconnKeys: ['mc', 'maxconn'] }], {}],
    ["use IRI's keys as it likes where nothing is of IRI", [{ ...iri, maxconnKeys: ['pow'] }], off],
    ["use IRI's keys as it likes for another service", [iri, { select: { pow: ['maybe'] } }], {}],
  ])('may %s', (_what, pools, more) => {
    expect(read(pools, more).problems).toEqual([]);
  });
});

describe('the keys of a configuration', () => {
  const keys = (rows: Iterable<{ readonly key: string }>): string[] => [...rows].map(({ key }) => key);
  const common = keys(TAGS);

  it.each<[string, Pool[], object, string[]]>([
    ['has them where a pool serves its service', [{}, iri], {}, [...common, 'maxconnpow', 'pow']],
    ['shows nowhere for other services', [{}], {}, common],
    ['shows nowhere where it is off', [iri], off, common],
  ])('IRI %s', (_what, pools, more, expected) => {
    expect(keys(tagRowsOf(read(pools, more).config))).toEqual(expected);
  });

  it('are for each service those that its own pools name', () => {
    const { config } = read([{ ...iri, select: { pow: ['only'] } }, { maxconnKeys: ['mc'] }]);
    expect(keys(tagTableOf(config, 'iri').values())).toEqual([...common, 'pow']);
    expect(keys(tagTableOf(config, 'web').values())).toEqual([...common, 'mc']);
  });
});
