// Undraining by hand, at a simulated HAProxy: Consul decides what becomes of a slot, and nobody else is touched.
import { describe, expect, it } from 'vitest';
import { makeSource } from '../../lib/consul/source.js';
import { printAdminAddress } from '../../lib/model/admin-address.js';
import type { HandSlot } from '../../lib/run/drain.js';
import { lookAt } from '../../lib/run/look.js';
import { type ReconcileDeps, reconcile } from '../../lib/run/reconcile.js';
import type { RunOptions } from '../../lib/run/runner.js';
import { targetsIn } from '../../lib/run/targets.js';
import { staleSlots, type Undrained, undrainSlots } from '../../lib/run/undrain.js';
import { instantClock, type MemoryCatalog, memoryCatalog, parseConfig, writesOf } from '../simulation/rig.js';
import { type RowOptions, row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const ADDRESS = { kind: 'tcp', host: 'simulated', port: 9999 } as const;
const config = parseConfig({
  pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's', transport: 'plain', slots: 3 }] }],
});

/** `web/s1` in DRAIN at 10.0.0.1:80, `web/s2` ready at 10.0.0.2:80. */
function haproxyWith(refuse: (line: string) => boolean = () => false): SimulatedHAProxy {
  const haproxy = new SimulatedHAProxy({ asynchronous: false, refuse }).addRange('web', 's', 3);
  Object.assign(haproxy.server('web', 's1'), { address: '10.0.0.1', port: 80, state: 'drain' });
  Object.assign(haproxy.server('web', 's2'), { address: '10.0.0.2', port: 80, state: 'ready' });
  return haproxy;
}

const at = (number: number, more: RowOptions = {}) =>
  row({ node: `n${number}`, id: `web-${number}`, address: `10.0.0.${number}`, port: 80, ...more });

const S1: HandSlot = {
  ...{ address: printAdminAddress(ADDRESS), backend: 'web', slot: 's1', hostPort: '10.0.0.1:80' },
  ...{ state: 'drain', serves: false },
};

function depsOf(haproxy: SimulatedHAProxy, catalog: MemoryCatalog): ReconcileDeps {
  const clock = instantClock();
  return {
    ...{ config, clock, source: makeSource({ client: catalog, clock }) },
    connect: async () => haproxy.connect(),
    resolve: async () => {
      throw new Error('ENOTFOUND');
    },
  };
}

async function undrain(haproxy: SimulatedHAProxy, catalog: MemoryCatalog): Promise<Undrained | undefined> {
  const deps = depsOf(haproxy, catalog);
  const run = ({ mode, byHand, forPeople }: RunOptions) =>
    reconcile(deps, [ADDRESS], {
      ...{ mode, force: false },
      ...(byHand ? { byHand } : {}),
      ...(forPeople ? { forPeople } : {}),
    });
  const [done] = await undrainSlots({ run, settings: { config } as never }, [S1]);
  return done;
}

describe('undrainSlots', () => {
  it.each<[string, readonly unknown[], Partial<Undrained>, string]>([
    ['passes', [at(1), at(2)], { result: 'ready' }, 'ready'],
    ['is in warning', [at(1, { status: 'warning' }), at(2)], { result: 'ready' }, 'ready'],
    [
      'is critical',
      [at(1, { status: 'critical' }), at(2)],
      { result: 'maintenance', reason: 'n1/web-1 is critical in Consul' },
      'maintenance',
    ],
    ['is gone', [at(2)], { result: 'free', reason: 'nobody in Consul is there' }, 'maintenance'],
  ])('leaves to Consul a slot whose instance %s', async (_what, rows, done, state) => {
    const haproxy = haproxyWith();
    expect(await undrain(haproxy, memoryCatalog(rows))).toMatchObject({ ...S1, ...done });
    expect(haproxy.server('web', 's1').state).toBe(state);
    expect(writesOf(haproxy)[0]).toBe('set server web/s1 state maint');
  });

  it('brings the settings up to date on the way', async () => {
    const haproxy = haproxyWith();
    await undrain(haproxy, memoryCatalog([at(1, { tags: ['haproxy.weight=7'] }), at(2)]));
    expect(haproxy.server('web', 's1')).toMatchObject({ weight: 7, state: 'ready' });
  });

  it('touches nothing else that is pending', async () => {
    const haproxy = haproxyWith();
    await undrain(haproxy, memoryCatalog([at(1), at(2, { status: 'critical' }), at(3)]));
    expect(haproxy.server('web', 's2').state).toBe('ready');
    expect(haproxy.server('web', 's3').state).toBe('maintenance');
    expect(writesOf(haproxy).filter((line) => !line.includes('web/s1'))).toEqual([]);
  });

  it('says that one which passes stays out, where HAProxy does not make it ready', async () => {
    const haproxy = haproxyWith((line) => line.endsWith('s1 state ready'));
    expect(await undrain(haproxy, memoryCatalog([at(1), at(2)]))).toMatchObject({ result: 'failed' });
    expect(haproxy.server('web', 's1').state).toBe('maintenance');
  });

  it('touches nothing where Consul cannot be read', async () => {
    const haproxy = haproxyWith();
    const catalog = memoryCatalog([at(1)]);
    const broken = { ...catalog, readService: () => Promise.reject(new Error('no leader')) };
    expect(await undrain(haproxy, broken)).toMatchObject({
      result: 'failed',
      reason: expect.stringContaining('no leader'),
    });
    expect([haproxy.server('web', 's1').state, writesOf(haproxy)]).toEqual(['drain', []]);
  });

  it.each<[string, object, RegExp]>([
    ['was freed', { address: '10.9.9.9' }, /freed meanwhile/],
    ['is ready by now', { state: 'ready' }, /not in DRAIN any more/],
    ['is drained by its agent-check', { agent: 'CHECKED' }, /its agent-check drains it/],
  ])('leaves alone a slot that %s', async (_what, change, reason) => {
    const haproxy = haproxyWith();
    Object.assign(haproxy.server('web', 's1'), change);
    const done = await undrain(haproxy, memoryCatalog([at(1), at(2)]));
    expect(done).toMatchObject({ result: 'failed', reason: expect.stringMatching(reason) });
  });
});

describe('staleSlots', () => {
  /** The slots that nobody has, as they are found in one look. */
  async function stale(catalog: MemoryCatalog) {
    const haproxy = haproxyWith();
    const deps = { ...depsOf(haproxy, catalog), readOnly: false, details: 'asked' as const };
    const look = await lookAt(deps, [ADDRESS], { force: false });
    if (!look.catalogView) throw new Error(look.consulError);
    const { slots, doubts } = staleSlots(targetsIn(look, config), config, look.catalogView.view);
    return { slots: slots.map(({ slot }) => slot), doubts };
  }

  it('are those in DRAIN at which nobody is', async () => {
    expect(await stale(memoryCatalog([at(2)]))).toEqual({ slots: ['s1'], doubts: [] });
    expect(await stale(memoryCatalog([at(1), at(2)]))).toEqual({ slots: [], doubts: [] });
  });

  it.each<[string, Partial<MemoryCatalog>, RegExp]>([
    ['left out rows', { flags: { filtered: true } }, /Consul left out what the token may not read/],
    [
      'denies the token the service',
      { may: 'denied' },
      /who is gone is not known, .*may not read service iri/,
    ],
    ['denies the token a node', { may: 'nodes-denied' }, /who is gone is not known, .*every node/],
    ['does not say what the token may read', { may: 'unknown' }, /nobody says whether Consul lists all/],
    ['lists nobody of the service', { rows: [] }, /lists no instance of service iri at all/],
    [
      'lists a name that does not resolve',
      { rows: [at(2), at(4, { address: 'a.example' })] },
      /host name of n4\/web-4 does not resolve/,
    ],
  ])('are none where Consul %s', async (_what, change, doubt) => {
    const catalog = Object.assign(memoryCatalog([at(2)]), change);
    expect(await stale(catalog)).toEqual({ slots: [], doubts: [expect.stringMatching(doubt)] });
  });
});
