// What Consul leaves out without a word, and how a run knows: rights, a token that changed, rows that make no sense.
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../../lib/model/report.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => row({ id: `iri-${at}`, address: `10.0.1.${at}` }));

async function full(rows: readonly unknown[] = many(10)) {
  const config = parseConfig();
  const haproxy = haproxyFor(config, 20);
  const catalog = memoryCatalog(rows);
  await runOnce({ haproxy, catalog, config });
  catalog.reads = 0;
  return { haproxy, catalog, config, ready: () => readyIn(haproxy, 'iri_back').length };
}

describe('a token that may not read', () => {
  it.each([
    ['every node, and lacks one instance', 'nodes-denied' as const, 9],
    ['every node, and lacks all but one', 'nodes-denied' as const, 1],
    ['the service, and lacks one instance', 'denied' as const, 9],
  ])('%s: nothing goes, and the run says why', async (_what, may, left) => {
    const rig = await full();
    Object.assign(rig.catalog, { may, rows: many(left) });
    const report = await runOnce(rig);
    expect(rig.ready()).toBe(10);
    expect(report.only.outcome).toBe('guarded');
    expect(failuresOf(report).join()).toContain(`iri_back: ${10 - left} ready servers kept`);
    expect(failuresOf(report).join()).toContain('node:read on every node (iri-lb render policy)');
  });

  it('is not asked about where nothing is missing', async () => {
    const rig = await full();
    rig.catalog.may = 'denied';
    expect((await runOnce(rig)).only).toMatchObject({ outcome: 'unchanged' });
  });

  it.each([
    ['denied', { may: 'denied' as const }],
    ['that hides nodes', { may: 'nodes-denied' as const }],
    ['filtered', { flags: { filtered: true } }],
  ])('(%s) is fetched again in the same run, which then reads anew', async (_what, bad) => {
    for (const left of [0, 1, 9]) {
      const rig = await full();
      Object.assign(rig.catalog, bad, { rows: many(left) });
      rig.catalog.renewals.push({ may: 'allowed', flags: {}, rows: many(8) });
      const { only } = await runOnce(rig);
      expect(only.error).toBeUndefined();
      expect(rig.ready()).toBe(8);
    }
  });

  it.each([1, 9])(
    'where nobody says what it may, only both reads take anybody away (%s left)',
    async (left) => {
      const rig = await full();
      Object.assign(rig.catalog, { may: 'unknown', rows: many(left), consistentRows: many(10) });
      await runOnce(rig);
      expect(rig.ready()).toBe(10);
      rig.catalog.consistentRows = undefined;
      const report = await runOnce(rig);
      expect(failuresOf(report)).toEqual([]);
      expect(rig.ready()).toBe(left);
      expect(report.problems).toMatchObject([{ code: 'rights-unknown', service: 'iri' }]);
    },
  );
});

describe('instances that share their addresses with others of the PoW pool', () => {
  const twins = many(10).map((_, at) =>
    row({ id: `pow-${at}`, address: `10.0.1.${at}`, tags: ['haproxy.pow=only'] }),
  );

  it.each([['filtered', { filtered: true }]])(
    'stay when they are missing from an answer %s',
    async (_what, flags) => {
      const rig = await full([...many(10), ...twins]);
      Object.assign(rig.catalog, { rows: twins, flags });
      expect((await runOnce(rig)).only.outcome).toBe('guarded');
      expect(rig.ready()).toBe(10);
    },
  );

  it('stay when only the first read lacks them, and the report says so', async () => {
    const rig = await full([...many(10), ...twins]);
    Object.assign(rig.catalog, { rows: twins, consistentRows: [...many(10), ...twins] });
    const report = await runOnce(rig);
    expect(rig.catalog.reads).toBe(2);
    expect(rig.ready()).toBe(10);
    expect(report.consul.instances).toBe(20);
    expect(report.consul.warnings).toContain("Consul's first answer on service iri lacked 10 instances");
  });

  it('stay when both reads lack them, since none of those listed is of the pool, until forced', async () => {
    const rig = await full([...many(10), ...twins]);
    rig.catalog.rows = twins;
    expect((await runOnce(rig)).only.outcome).toBe('guarded');
    expect(rig.ready()).toBe(10);
    expect((await runOnce({ ...rig, force: true })).only.error).toBeUndefined();
    expect(rig.ready()).toBe(0);
    expect(readyIn(rig.haproxy, 'iri_pow_back')).toHaveLength(10);
  });
});

describe('an answer', () => {
  it('with rows that make no sense takes nobody away, and the run fails while somebody is missing', async () => {
    const rig = await full();
    rig.catalog.rows = [...many(1), { Node: {}, Service: null }];
    const { only } = await runOnce(rig);
    expect(rig.ready()).toBe(10);
    expect(only).toMatchObject({
      outcome: 'guarded',
      error: expect.stringMatching(/9 ready servers kept, row 1 of Consul's answer: no Node and Service/),
    });
    rig.catalog.rows = [...many(10), { Node: {}, Service: null }];
    expect((await runOnce(rig)).only).toMatchObject({ outcome: 'unchanged' });
  });

  it('that lies behind the event is acted on, and the report says so', async () => {
    const rig = await full();
    rig.catalog.rows = many(11);
    const report = await runOnce({ ...rig, atLeast: { service: 'iri', version: '100' } });
    expect(rig.ready()).toBe(11);
    expect(report.consul.warnings).toEqual([
      "Consul's answer on service iri (index 42) is older than the event (index 100)",
    ]);
  });

  it('is refused once for all pools, with what was kept in each', async () => {
    const rig = await full([row({ tags: ['haproxy.pow=true'] }), ...many(4)]);
    Object.assign(rig.catalog, { rows: [], flags: { filtered: true } });
    const { only } = await runOnce(rig);
    expect(only.error).toMatch(
      /^(?:haproxy \S+: )?iri_back: 5 ready servers kept, iri_pow_back: 1 ready servers kept, Consul left out/,
    );
    expect(only.error?.match(/Consul left out/g)).toHaveLength(1);
  });
});
