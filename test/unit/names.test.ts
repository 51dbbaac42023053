// Host names that do not resolve: one slot each stays as it is, and nobody else's.
import { describe, expect, it } from 'vitest';
import { makeResolve } from '../../lib/resolve.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from './catalog.js';

const config = parseConfig();
const others = (count: number) =>
  Array.from({ length: count }, (_, at) => row({ id: `i${at}`, address: `10.0.1.${at}` }));

describe('a name that does not resolve', () => {
  it('keeps one slot, and what else is gone goes', async () => {
    const haproxy = haproxyFor(config, 20);
    await runOnce({ haproxy, catalog: memoryCatalog(others(10)) });
    const rows = [...others(6), row({ id: 'typo', address: 'no-such-host.invalid' })];
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(7);
    expect(only.changes.map(({ action }) => action)).toEqual(['remove', 'remove', 'remove']);
    expect(only.warnings.filter((warning) => warning.includes('is kept for n1/typo'))).toHaveLength(1);
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

  it('keeps its slot in maintenance from newcomers while it is critical', async () => {
    const haproxy = haproxyFor(config, 2);
    const named = (status: 'passing' | 'critical') => row({ id: 'named', address: 'n.example', status });
    const names = { 'n.example': ['10.0.7.7'] };
    await runOnce({ haproxy, catalog: memoryCatalog([named('passing')]), names });
    await runOnce({ haproxy, catalog: memoryCatalog([named('critical')]), names });
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([named('critical'), ...others(2)]) });
    expect(only.pools[0]?.unplaced).toHaveLength(1);
    const slots = [...(haproxy.backends.get('iri_back')?.values() ?? [])].map(({ address }) => address);
    expect(slots).toContain('10.0.7.7');
  });
});

describe('the resolver', () => {
  it('remembers the last answers while the name server is down, and says so', async () => {
    const log: string[] = [];
    let answers: readonly { readonly address: string }[] | undefined = [
      { address: '10.0.0.1' },
      { address: '2001:DB8::1' },
    ];
    const find = async () => answers ?? Promise.reject(new Error('EAI_AGAIN'));
    const resolve = makeResolve({ timeoutMs: 5_000, log: (line) => log.push(line), find });
    expect(await resolve('n.example')).toEqual(['10.0.0.1', '2001:db8::1']);
    answers = undefined;
    expect(await resolve('n.example')).toEqual(['10.0.0.1', '2001:db8::1']);
    expect(log).toEqual([
      'host name n.example does not resolve (EAI_AGAIN); its last answer 10.0.0.1, 2001:db8::1 is used',
    ]);
    await expect(resolve('other.example')).rejects.toThrow('EAI_AGAIN');
    answers = [{ address: '0.0.0.0' }];
    await expect(resolve('zero.example')).rejects.toThrow('no usable address');
  });

  it('gives up a name server that does not answer', async () => {
    const resolve = makeResolve({ timeoutMs: 20, find: () => new Promise(() => {}) });
    await expect(resolve('n.example')).rejects.toThrow('no answer within 20 ms');
  });
});
