// Of several answers for a host name, which one a slot is for: the operator's DRAIN, its own slot, its own address.
import { describe, expect, it } from 'vitest';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import type { SimulatedServer } from '../simulation/simulated-haproxy.js';

const NAME = 'n.example';

/** A HAProxy whose first plain slots hold these. */
function holding(...contents: readonly Partial<SimulatedServer>[]) {
  const haproxy = haproxyFor(parseConfig(), 4);
  for (const [at, content] of contents.entries()) {
    Object.assign(haproxy.server('iri_back', `irisrv${at + 1}`), { port: 14265, weight: 1, ...content });
  }
  return haproxy;
}

describe('a host name with several answers', () => {
  it('stays in its ready slot, whatever a free one holds', async () => {
    const haproxy = holding({ address: '10.0.0.1' }, { address: '10.0.0.5', state: 'ready' });
    const catalog = memoryCatalog([row({ address: NAME })]);
    const { only } = await runOnce({ haproxy, catalog, names: { [NAME]: ['10.0.0.1', '10.0.0.5'] } });
    expect(only.changes).toEqual([]);
  });

  it('does not move to the address of somebody who comes', async () => {
    const haproxy = holding({ address: '10.0.0.5', state: 'ready' });
    const rows = [row({ id: 'named', address: NAME }), row({ id: 'iri-1', address: '10.0.0.1' })];
    const names = { [NAME]: ['10.0.0.1', '10.0.0.5'] };
    const catalog = memoryCatalog(rows);
    for (let run = 1; run <= 2; run += 1) {
      await runOnce({ haproxy, catalog, names });
      expect(readyIn(haproxy, 'iri_back').map((server) => server.split(' ')[1])).toEqual([
        '10.0.0.1:14265',
        '10.0.0.5:14265',
      ]);
    }
  });

  it('shares an address with somebody only when it has no other', async () => {
    const haproxy = holding();
    const rows = [row({ id: 'named', address: NAME }), row({ id: 'iri-1', address: '10.0.0.1' })];
    await runOnce({ haproxy, catalog: memoryCatalog(rows), names: { [NAME]: ['10.0.0.1'] } });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(1);
  });

  it('is not served at another address when the operator holds one of them', async () => {
    const haproxy = holding({ address: '10.0.0.1' }, { address: '10.0.0.2', state: 'drain' });
    const catalog = memoryCatalog([row({ address: NAME })]);
    const { only } = await runOnce({ haproxy, catalog, names: { [NAME]: ['10.0.0.1', '10.0.0.2'] } });
    expect(only.changes).toEqual([]);
    expect(only.pools[0]?.heldSlots).toEqual([{ slot: 'irisrv2', instance: 'n1/iri-1' }]);
  });
});

describe('an instance that the operator holds in DRAIN', () => {
  it('is not added when it is to be reached in another way', async () => {
    const haproxy = holding({ address: '10.0.0.1', state: 'drain' });
    const rows = [row({ tags: ['haproxy.scheme=https'] }), row({ id: 'iri-2', address: '10.0.0.2' })];
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(only.changes.map(({ action, instance }) => [action, instance])).toEqual([['add', 'n1/iri-2']]);
    expect(only.pools[0]).toMatchObject({ held: 1, unplaced: [] });
  });

  it('is not enabled either, and stays ready where it was ready before', async () => {
    for (const state of ['maintenance', 'ready'] as const) {
      const haproxy = holding({ address: '10.0.0.1', state: 'drain' });
      const tls = haproxy.server('iri_back', 'iritls3');
      Object.assign(tls, { address: '10.0.0.1', port: 14265, weight: 1, state });
      const catalog = memoryCatalog([row({ tags: ['haproxy.scheme=https'] })]);
      const { only } = await runOnce({ haproxy, catalog });
      expect(only.changes).toEqual([]);
      expect(tls.state).toBe(state);
    }
  });
});

describe('a pool with one range', () => {
  const config = parseConfig({ pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 'web' }] }] });

  it('names the instances that are to be reached in a way it has no range for, and serves the others', async () => {
    const haproxy = haproxyFor(config, 4);
    const plain = [row({ id: 'a', address: '10.0.0.1' }), row({ id: 'b', address: '10.0.0.2' })];
    await runOnce({ config, haproxy, catalog: memoryCatalog(plain) });
    const tls = { tags: ['haproxy.scheme=https'] };
    const rows = [
      plain[0],
      row({ id: 'b', address: '10.0.0.2', ...tls }),
      row({ id: 'c', address: NAME, ...tls }),
      row({ id: 'd', address: '10.0.0.4', status: 'critical', ...tls }),
    ];
    const { only } = await runOnce({ config, haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'web')).toEqual(['web 10.0.0.1:14265 w1 m0']);
    const reason = 'pool web has no verified range; add one to LB_CONFIG, or correct its tags';
    expect(only.pools[0]?.unplaced).toEqual([
      { instance: 'n1/b', reason },
      { instance: 'n1/c', reason },
    ]);
    expect(only.error).toContain(reason);
  });
});
