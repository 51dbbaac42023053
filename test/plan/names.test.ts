// Host names that do not resolve: one slot each stays as it is, and nobody else's.
import { describe, expect, it } from 'vitest';
import { NotResolvedError } from '../../lib/model/resolve.js';
import { makeResolve } from '../../lib/run/resolve.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const config = parseConfig();
const others = (count: number) =>
  Array.from({ length: count }, (_, at) => row({ id: `i${at}`, address: `10.0.1.${at}` }));

describe('a name that does not resolve', () => {
  it('keeps one slot on a guess, what else is gone goes, and the run fails so that somebody looks', async () => {
    const haproxy = haproxyFor(config, 20);
    await runOnce({ haproxy, catalog: memoryCatalog(others(10)) });
    const rows = [...others(6), row({ id: 'typo', address: 'not-a-host.invalid' })];
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(7);
    expect(only.changes.map(({ action }) => action)).toEqual(['remove', 'remove', 'remove']);
    expect(only.warnings.filter((warning) => warning.includes('is kept for n1/typo'))).toHaveLength(1);
    expect(only.outcome).toBe('guarded');
    expect(only.error).toMatch(
      /iri_back\/irisrv\d+ at 10\.0\.1\.\d:14265 stays ready: nobody in Consul is there, but it may be n1\/typo, whose host name not-a-host\.invalid does not resolve; correct the name, or deregister it/,
    );
  });

  it('keeps the slot at its last known address, wherever that is, and nobody has to look', async () => {
    for (const address of ['10.0.1.7', '10.0.1.8', '10.0.1.9']) {
      const haproxy = haproxyFor(config, 20);
      await runOnce({ haproxy, catalog: memoryCatalog(others(10)) });
      const rows = [...others(6), row({ id: 'named', address: 'n.example' })];
      const resolve = async () => {
        throw new NotResolvedError('EAI_AGAIN', ['10.0.99.99', address]);
      };
      const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows), resolve });
      expect(only.error).toBeUndefined();
      expect(readyIn(haproxy, 'iri_back')).toContain(`irisrv ${address}:14265 w1 m0`);
      expect(readyIn(haproxy, 'iri_back')).toHaveLength(7);
    }
  });

  it('is not put at its last known address: HAProxy may have a newer one', async () => {
    const haproxy = haproxyFor(config, 20);
    const catalog = memoryCatalog([row({ id: 'named', address: 'n.example' })]);
    await runOnce({ haproxy, catalog, names: { 'n.example': ['10.0.0.2'] } });
    const resolve = async () => {
      throw new NotResolvedError('EAI_AGAIN', ['10.0.0.1']);
    };
    const { only } = await runOnce({ haproxy, catalog, resolve });
    expect(only).toMatchObject({ outcome: 'unchanged', changes: [] });
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.2:14265 w1 m0']);
  });

  it('claims nothing that the operator holds', async () => {
    const haproxy = haproxyFor(config, 4);
    await runOnce({ haproxy, catalog: memoryCatalog(others(1)) });
    const [slot] = [...(haproxy.backends.get('iri_back') ?? [])].filter(([, { state }]) => state === 'ready');
    Object.assign(slot?.[1] ?? {}, { state: 'drain' });
    const rows = [row({ id: 'named', address: 'n.example' })];
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(only.pools[0]?.heldSlots).toEqual([{ slot: slot?.[0], instance: null }]);
    expect(only.warnings.join()).not.toContain('is kept');
  });

  it('keeps its own slot, where it was put by its name', async () => {
    const haproxy = haproxyFor(config, 20);
    const named = row({ id: 'named', address: 'n.example' });
    await runOnce({
      haproxy,
      catalog: memoryCatalog([...others(5), named]),
      names: { 'n.example': ['10.0.7.7'] },
    });
    await runOnce({ haproxy, catalog: memoryCatalog([...others(3), named]) });
    expect(readyIn(haproxy, 'iri_back')).toContain('irisrv 10.0.7.7:14265 w1 m0');
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(4);
  });

  it('loses its slot in maintenance to a healthy newcomer only where no other is left', async () => {
    const haproxy = haproxyFor(config, 2);
    const named = (status: 'passing' | 'critical') => row({ id: 'named', address: 'n.example', status });
    const names = { 'n.example': ['10.0.7.7'] };
    await runOnce({ haproxy, catalog: memoryCatalog([named('passing')]), names });
    await runOnce({ haproxy, catalog: memoryCatalog([named('critical')]), names });
    const places = () =>
      [...(haproxy.backends.get('iri_back')?.values() ?? [])].map(({ address }) => address);
    for (const [count, isKept] of [
      [1, true],
      [2, false],
    ] as const) {
      const catalog = memoryCatalog([named('critical'), ...others(count)]);
      expect((await runOnce({ haproxy, catalog })).only.pools[0]?.unplaced).toEqual([]);
      expect(places().includes('10.0.7.7')).toBe(isKept);
    }
  });
});

describe('the resolver', () => {
  it('says what a name had before when it does not resolve any more', async () => {
    let answers: readonly string[] | undefined = ['10.0.0.1', '2001:DB8::1'];
    const find = async () => answers ?? Promise.reject(new Error('EAI_AGAIN'));
    const resolve = makeResolve({ timeoutMs: 5_000, find });
    expect(await resolve('n.example')).toEqual(['10.0.0.1', '2001:db8::1']);
    answers = undefined;
    await expect(resolve('n.example')).rejects.toMatchObject({
      message: 'EAI_AGAIN',
      lastKnown: ['10.0.0.1', '2001:db8::1'],
    });
    await expect(resolve('other.example')).rejects.toMatchObject({ message: 'EAI_AGAIN', lastKnown: [] });
    answers = ['0.0.0.0'];
    await expect(resolve('zero.example')).rejects.toThrow('no usable address');
  });

  it('finds what the hosts file and local names say, and no name of a reserved domain', async () => {
    const resolve = makeResolve({ timeoutMs: 2_000 });
    expect(await resolve('localhost')).toContain('127.0.0.1');
    await expect(resolve('no-such-host.invalid')).rejects.toMatchObject({ lastKnown: [] });
  });

  it('gives up a name server that does not answer', async () => {
    const resolve = makeResolve({ timeoutMs: 20, find: () => new Promise(() => {}) });
    await expect(resolve('n.example')).rejects.toThrow('no answer within 20 ms');
  });
});
