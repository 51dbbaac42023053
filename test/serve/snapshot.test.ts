// What the page is told of a look, and what is another since the one before.
import { describe, expect, it } from 'vitest';
import type { Config } from '../../lib/config/pools.js';
import { statusOf } from '../../lib/run/status.js';
import { patchBetween } from '../../lib/serve/page/patch.js';
import type { Cell, ShownRuns } from '../../lib/serve/page/shown.js';
import { NOTHING, type Remembered, type Snapshot, snapshotOf } from '../../lib/serve/page/snapshot.js';
import { lookIn } from '../run/why-rig.js';
import { haproxyFor, type MemoryCatalog, memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const RUNS: ShownRuns = { by: null, lastSuccessMs: null, paused: null, failing: null };
const config: Config = parseConfig({
  pools: [{ backend: 'web_back', service: 'iri', ranges: [{ prefix: 'web' }] }],
});
const node = (at: number, more: Parameters<typeof row>[0] = {}) =>
  row({ node: `n${at}`, id: `web-${at}`, address: `10.0.0.${at}`, ...more });

interface Rig {
  readonly catalog: MemoryCatalog;
  readonly hosts: Record<string, SimulatedHAProxy | 'down' | 'busy'>;
  look(before?: Remembered): Promise<Snapshot>;
}

async function rig(count: number): Promise<Rig> {
  const catalog = memoryCatalog(Array.from({ length: count }, (_, at) => node(at + 1)));
  const lb1 = haproxyFor(config, 8);
  const lb2 = haproxyFor(config, 8);
  for (const haproxy of [lb1, lb2]) await runOnce({ config, haproxy, catalog });
  const hosts: Rig['hosts'] = { lb1, lb2 };
  return {
    catalog,
    hosts,
    async look(before = NOTHING) {
      const look = await lookIn({ config, catalog, hosts });
      return snapshotOf(look, statusOf(look, config), config, RUNS, before);
    },
  };
}

const used = ({ slots: [pool] }: Snapshot) =>
  new Map(pool?.cells.flatMap((cells, at) => (cells === 0 ? [] : [[pool.names[at] ?? '', cells] as const])));
const only = <T>(values: Iterable<T>): T => {
  const [first, ...others] = [...values];
  if (first === undefined || others.length > 0) throw new Error('one is expected');
  return first;
};
const wordsOf = (snapshot: Snapshot): string[] =>
  [...used(snapshot).values()].map((cells) =>
    'each' in (cells as object)
      ? (cells as { each: (Cell | null)[] }).each.map((cell) => (cell ? cell[0] : String(cell))).join('|')
      : (cells as Exclude<Cell, 0>)[0],
  );

describe('a snapshot', () => {
  it('has each slot once where the load balancers agree', async () => {
    const snapshot = await (await rig(3)).look();
    expect(snapshot.slots[0]?.names).toHaveLength(8);
    expect(wordsOf(snapshot)).toEqual(['serving', 'serving', 'serving']);
    expect([...used(snapshot).values()]).toContainEqual(['serving', '10.0.0.1:14265', 'n1/web-1', 1, 0, '']);
    const { counts, wanted, differing } = only(snapshot.head.pools);
    expect([wanted, differing]).toEqual([3, 0]);
    expect(counts).toHaveLength(2);
    expect(counts[0]).toMatchObject({ slots: 8, serving: 3, free: 5, down: 0, drain: 0, maintenance: 0 });
  });

  it('has both where they differ, with what the next run does', async () => {
    const { look, hosts, catalog } = await rig(1);
    const { lb1, lb2 } = hosts;
    if (typeof lb1 === 'string' || typeof lb2 === 'string' || !lb1 || !lb2) throw new Error('both are there');
    const server = only(
      [...(lb1.backends.get('web_back')?.values() ?? [])].filter(({ address }) => address === '10.0.0.1'),
    );
    server.status = 'DOWN';
    const snapshot = await look();
    expect(wordsOf(snapshot)).toEqual(['down|serving']);
    expect(only(snapshot.head.pools).differing).toBe(1);
    expect(snapshot.head.findings).toContainEqual(
      expect.objectContaining({ level: 'note', about: 'n1/web-1', on: ['lb1:9'] }),
    );
    catalog.rows = [];
    expect((await look()).head.pending).not.toBeNull();
  });

  it('shows who cannot be read as they were, with when that was, and calls it no difference', async () => {
    const { look, hosts } = await rig(2);
    const before = await look();
    hosts.lb2 = 'busy';
    const after = await look(before.remembered);
    expect(after.head.balancers.map(({ state, asOfMs }) => [state, asOfMs])).toEqual([
      ['read', null],
      ['busy', before.atMs],
    ]);
    expect(after.slots).toEqual(before.slots);
    expect(only(after.head.pools).differing).toBe(0);
    const never = await look();
    expect(never.head.balancers[1]?.asOfMs).toBeNull();
    expect(only(never.head.pools).counts[1]).toBeNull();
    expect(wordsOf(never)).toEqual(['serving', 'serving']);
  });

  it('keeps names of who was where while Consul is away, and says since when', async () => {
    const { look, catalog } = await rig(2);
    const before = await look();
    const { readService } = catalog;
    catalog.readService = async () => {
      throw new Error('connection refused');
    };
    const after = await look(before.remembered);
    expect(after.head.consul).toMatchObject({ instances: 2, asOfMs: before.atMs });
    expect(after.head.consul.error).toContain('connection refused');
    expect(after.head.pending).toBeNull();
    expect(only(after.head.pools).wanted).toBeNull();
    expect(after.slots).toEqual(before.slots);
    catalog.readService = readService;
    expect((await look(after.remembered)).head.consul).toMatchObject({ error: null, asOfMs: null });
  });

  it('is of hostile names bounded and visible', async () => {
    const { look, catalog } = await rig(0);
    catalog.rows = [node(1, { id: `<b>\u0000\u202e${'x'.repeat(1_000_000)}` })];
    const text = JSON.stringify(await look());
    expect(text.length).toBeLessThan(20_000);
    expect(text).toMatch(/^[\x20-\x7e…·]+$/);
  });

  it('of 10,000 instances is below 2 MB', { timeout: 60_000 }, async () => {
    const many = parseConfig({
      pools: [{ backend: 'web_back', service: 'iri', ranges: [{ prefix: 'web' }] }],
    });
    const catalog = memoryCatalog(
      Array.from({ length: 10_000 }, (_, at) => node(at, { address: `10.1.${at >> 8}.${at & 255}` })),
    );
    const haproxy = haproxyFor(many, 10_000);
    const look = await lookIn({ config: many, catalog, hosts: { lb1: haproxy } });
    const { head, slots } = snapshotOf(look, statusOf(look, many), many, RUNS);
    expect(head.pending).toBeGreaterThan(9_000);
    expect(JSON.stringify([head, slots]).length).toBeLessThan(2_000_000);
    expect(head.changes.length).toBeLessThanOrEqual(100);
  });
});

describe('a patch', () => {
  it('is empty where nothing is another', async () => {
    const { look } = await rig(3);
    expect(patchBetween(await look(), await look())).toEqual({});
  });

  it('has the slots that are others, and what is counted', async () => {
    const { look, hosts } = await rig(3);
    const before = await look();
    const { lb1 } = hosts;
    if (typeof lb1 === 'string' || !lb1) throw new Error('it is there');
    only(
      [...(lb1.backends.get('web_back')?.values() ?? [])].filter(({ address }) => address === '10.0.0.2'),
    ).weight = 7;
    const patch = patchBetween(before, await look());
    expect(Object.keys(patch ?? {}).sort()).toEqual(['cells', 'head']);
    const [at, cells] = only(patch?.cells?.[0] ?? []);
    expect(before.slots[0]?.names[at]).toMatch(/^web\d$/);
    expect(cells).toMatchObject({
      each: [['serving', '10.0.0.2:14265', 'n2/web-2', 7, 0, 'update'], { 3: 1 }],
    });
  });

  it('is none where the slots themselves are others', async () => {
    const { look, hosts } = await rig(1);
    const before = await look();
    hosts.lb1 = haproxyFor(config, 9);
    expect(patchBetween(before, await look())).toBeUndefined();
  });
});
