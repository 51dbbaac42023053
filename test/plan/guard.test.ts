// A large removal is believed only when a second, consistent read says it too.
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../../lib/model/report.js';
import { isLarge } from '../../lib/plan/guard.js';
import {
  emptyingConfig,
  haproxyFor,
  memoryCatalog,
  parseConfig,
  readyIn,
  runOnce,
} from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => row({ id: `iri-${at}`, address: `10.0.1.${at}` }));

async function full(count: number, config = parseConfig()) {
  const haproxy = haproxyFor(config, 20);
  const catalog = memoryCatalog(many(count));
  await runOnce({ haproxy, catalog, config });
  catalog.reads = 0;
  return { haproxy, catalog, config };
}

describe('the guard', () => {
  it('removes nothing when an empty answer is not repeated by the second read', async () => {
    const rig = await full(10);
    rig.catalog.consistentRows = rig.catalog.rows;
    rig.catalog.rows = [];
    const { only } = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(10);
    expect(only.outcome).toBe('unchanged');
  });

  it('removes all when both reads are empty, the token may read, and the pool says that it may be empty', async () => {
    const rig = await full(10, emptyingConfig());
    rig.catalog.rows = [];
    const { only } = await runOnce(rig);
    expect(rig.catalog.reads).toBe(2);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual([]);
    expect(only.outcome).toBe('changed');
    expect(only.warnings).toEqual([]);
  });

  it('acts on what both reads say: one that the second read has again stays', async () => {
    const rig = await full(4);
    const [first, second] = rig.catalog.rows;
    rig.catalog.rows = [first];
    rig.catalog.consistentRows = [first, second];
    await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(2);
  });

  it('acts on what both reads say: one that only the first read has stays too', async () => {
    const rig = await full(4);
    const [first, second] = rig.catalog.rows;
    rig.catalog.rows = [first];
    rig.catalog.consistentRows = [second];
    await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual([
      'irisrv 10.0.1.0:14265 w1 m0',
      'irisrv 10.0.1.1:14265 w1 m0',
    ]);
  });

  it.each([
    [{ ready: 10, gone: 4, unhealthy: 0 }, false],
    [{ ready: 10, gone: 5, unhealthy: 0 }, true],
    [{ ready: 4, gone: 2, unhealthy: 0 }, true],
    [{ ready: 5, gone: 2, unhealthy: 0 }, false],
    [{ ready: 2, gone: 1, unhealthy: 0 }, false],
    [{ ready: 1, gone: 1, unhealthy: 0 }, true],
    [{ ready: 3, gone: 1, unhealthy: 2 }, true],
    [{ ready: 3, gone: 1, unhealthy: 1 }, false],
    [{ ready: 3, gone: 0, unhealthy: 3 }, false],
    [{ ready: 0, gone: 0, unhealthy: 0 }, false],
  ])('weighs %j: a second look is needed: %s', (weight, needed) => {
    expect(isLarge(weight)).toBe(needed);
  });

  it('looks again when the last ready server is gone, and lets it go', async () => {
    const rig = await full(1);
    rig.catalog.rows = [row({ id: 'other', address: '10.0.9.9', tags: ['haproxy.pow=only'] })];
    await runOnce(rig);
    expect(rig.catalog.reads).toBe(2);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual([]);
  });

  it('looks once for a small removal, and for instances that are critical', async () => {
    const rig = await full(10);
    rig.catalog.rows = many(10).map((_, at) =>
      row({ id: `iri-${at}`, address: `10.0.1.${at}`, status: 'critical' }),
    );
    await runOnce(rig);
    expect(rig.catalog.reads).toBe(1);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual([]);
    const other = await full(10);
    other.catalog.rows = many(9);
    await runOnce(other);
    expect(other.catalog.reads).toBe(1);
    expect(readyIn(other.haproxy, 'iri_back')).toHaveLength(9);
  });

  it.each([
    ['the token may not read the service', { may: 'denied' as const }, /may not read service iri/],
    ['results were filtered by ACLs', { flags: { filtered: true } }, /X-Consul-Results-Filtered-By-ACLs/],
  ])('removes nothing, fails and says why when %s', async (_what, sign, words) => {
    const rig = await full(10);
    Object.assign(rig.catalog, sign, { rows: [] });
    const report = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(10);
    expect(report.only.outcome).toBe('guarded');
    expect(failuresOf(report).join()).toMatch(words);
    expect(failuresOf(report).join()).toMatch(/10 ready servers kept/);
  });

  it('fails also on an empty HAProxy when the token may not read: nothing is no catalog', async () => {
    const rig = { haproxy: haproxyFor(parseConfig(), 4), catalog: memoryCatalog([]) };
    rig.catalog.may = 'denied';
    const { only } = await runOnce(rig);
    expect(only.error).toMatch(/may not read service iri/);
  });

  it('still adds and disables while a removal is held back', async () => {
    const rig = await full(4);
    rig.catalog.flags = { filtered: true };
    rig.catalog.rows = [
      row({ id: 'new', address: '10.0.2.1' }),
      row({ id: 'iri-0', address: '10.0.1.0', status: 'critical' }),
    ];
    const { only } = await runOnce(rig);
    expect(only.changes.map(({ action }) => action).sort()).toEqual(['add', 'disable']);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(4);
  });

  it('refuses more than maxRemovalPercent until it is forced', async () => {
    const rig = await full(10, { ...parseConfig(), maxRemovalPercent: 20 });
    rig.catalog.rows = many(7);
    const refused = await runOnce(rig);
    expect(refused.only).toMatchObject({ outcome: 'guarded', changes: [] });
    expect(refused.only.error).toMatch(
      /3 ready servers kept, more than maxRemovalPercent \(20\) of 10 ready/,
    );
    const forced = await runOnce({ ...rig, force: true });
    expect(forced.only.outcome).toBe('changed');
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(7);
  });

  it('takes nobody for gone when a row of the answer makes no sense', async () => {
    const rig = await full(3);
    rig.catalog.rows = [...many(2), { Node: {}, Service: null }];
    const report = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(3);
    expect(report.consul.warnings).toEqual(["row 2 of Consul's answer: no Node and Service; not understood"]);
  });
});

describe('a service of which Consul lists nobody any more', () => {
  it('keeps all that are ready, and the run fails and asks for the name', async () => {
    const rig = await full(3);
    rig.catalog.rows = [];
    const { only } = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(3);
    expect(only.outcome).toBe('guarded');
    expect(only.error).toContain(
      'iri_back: 3 ready servers kept, Consul lists no instance of service iri any more',
    );
    expect(only.error).toMatch(/is the name right .*apply --force/);
    expect(only.problems).toMatchObject([{ code: 'service-gone', service: 'iri', level: 'error' }]);
  });

  it('keeps the only one, too', async () => {
    const rig = await full(1);
    rig.catalog.rows = [];
    expect((await runOnce(rig)).only.outcome).toBe('guarded');
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(1);
  });

  it('is told in the same words by a plan', async () => {
    const rig = await full(3);
    rig.catalog.rows = [];
    const { only } = await runOnce({ ...rig, mode: 'plan' });
    expect(only).toMatchObject({ outcome: 'guarded', changes: [], problems: [{ code: 'service-gone' }] });
  });

  it('empties its pools when forced; from then on nobody is kept, which is a warning', async () => {
    const rig = await full(3);
    rig.catalog.rows = [];
    const forced = await runOnce({ ...rig, force: true });
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual([]);
    expect(forced.only.error).toBeUndefined();
    const after = await runOnce(rig);
    expect(after.only).toMatchObject({ outcome: 'unchanged' });
    expect(after.only.error).toBeUndefined();
    expect(after.only.warnings).toEqual(['Consul lists no instance of service iri']);
  });

  it('is a warning on a fresh HAProxy, where there is nobody to keep', async () => {
    const { only } = await runOnce({ haproxy: haproxyFor(parseConfig(), 4), catalog: memoryCatalog([]) });
    expect(only).toMatchObject({ outcome: 'unchanged', problems: [{ code: 'service-unlisted' }] });
    expect(only.error).toBeUndefined();
  });
});

describe('a rule that selects nobody any more', () => {
  const elsewhere = [row({ id: 'x', address: '10.0.9.9', tags: ['haproxy.pow=only'] })];

  it('keeps several that would all go at once, and the run fails and asks for the rule', async () => {
    const rig = await full(3);
    rig.catalog.rows = elsewhere;
    const { only } = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(3);
    expect(only.outcome).toBe('guarded');
    expect(only.error).toContain(
      'iri_back: 3 ready servers kept, pool iri_back selects none of the 1 instances',
    );
    expect(only.error).toContain('is its rule right');
    expect(readyIn(rig.haproxy, 'iri_pow_back')).toHaveLength(1);
  });

  it.each([
    ['forced', { force: true }, parseConfig()],
    ['the pool may be empty', {}, emptyingConfig()],
  ])('lets them go where %s', async (_what, options, config) => {
    const rig = await full(3, config);
    rig.catalog.rows = elsewhere;
    const { only } = await runOnce({ ...rig, ...options });
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual([]);
    expect(only.outcome).toBe('changed');
  });

  it('lets the only PoW node go after a second look, while others stay', async () => {
    const config = parseConfig();
    const rig = { haproxy: haproxyFor(config, 9), catalog: memoryCatalog(many(2)), config };
    const pow = row({ id: 'pow', address: '10.0.9.9', tags: ['haproxy.pow=only'] });
    rig.catalog.rows = [...many(2), pow];
    await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_pow_back')).toHaveLength(1);
    rig.catalog.rows = many(2);
    rig.catalog.reads = 0;
    const { only } = await runOnce(rig);
    expect(rig.catalog.reads).toBe(2);
    expect(only.outcome).toBe('changed');
    expect(readyIn(rig.haproxy, 'iri_pow_back')).toEqual([]);
    expect((await runOnce(rig)).only).toMatchObject({ outcome: 'unchanged', warnings: [] });
  });
});
