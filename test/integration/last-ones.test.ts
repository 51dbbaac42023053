// Pools that are about to serve nobody, on a real HAProxy and a real Consul: the last PoW node, a fresh start, a rule with a typo.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { readSettings } from '../../lib/config/environment.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import { applyOnce, type Rig, readyServers, startRig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.harness.close());

const codesOf = (problems: readonly { readonly code: string }[]): string[] =>
  problems.map(({ code }) => code);

const register = (host: number, ...tags: readonly string[]): Promise<unknown> =>
  rig.consul.register({
    Name: 'iri',
    ID: `n${host}`,
    Address: `127.0.0.${host}`,
    Port: 14265,
    Tags: [...tags],
  });

/** A run whose default pool asks for these tags, which nobody has where one is misspelt. */
const runnerWithTags = (...tags: readonly string[]): Runner => {
  const [pool, ...others] = iriLayout.pools;
  const config = { ...iriLayout, pools: [{ ...pool, tags }, ...others], networks: LOCAL_NETWORKS };
  return makeRunner(readSettings({ ...rig.env, LB_CONFIG: JSON.stringify(config) }));
};

describe('on a fresh start', () => {
  it('an empty catalog is a warning, and nothing is written', async () => {
    const { only } = await rig.apply();
    expect(only).toMatchObject({ outcome: 'unchanged', changes: [] });
    expect(only.error).toBeUndefined();
    expect(codesOf(only.problems)).toContain('service-unlisted');
  });

  it('a rule that selects nobody is no failure: there is nobody to keep', async () => {
    await register(2, 'prod');
    const { only } = await applyOnce(runnerWithTags('prdo'));
    expect(only).toMatchObject({ outcome: 'unchanged', changes: [] });
    expect(only.error).toBeUndefined();
  });
});

describe('of a pool that serves', () => {
  it('the only PoW node leaves, while others stay', async () => {
    await register(2, 'prod', 'haproxy.pow=only');
    await register(3, 'prod');
    await register(4, 'prod');
    await rig.apply();
    expect(await rig.ready('iri_pow_back')).toHaveLength(1);
    await rig.consul.deregister('n2');
    const { only } = await rig.apply();
    expect(only).toMatchObject({
      outcome: 'changed',
      changes: [{ action: 'remove', reason: 'nobody in Consul is at 127.0.0.2:14265' }],
    });
    expect(only.error).toBeUndefined();
    expect(await rig.ready('iri_pow_back')).toEqual([]);
    expect(await rig.ready('iri_back')).toHaveLength(2);
  });

  it('all are kept when its rule is misspelt, the run fails and says so, until it is forced', async () => {
    const misspelt = runnerWithTags('prdo');
    const { only } = await applyOnce(misspelt);
    expect(only).toMatchObject({ outcome: 'guarded', changes: [] });
    expect(codesOf(only.problems)).toContain('selection-empty');
    expect(only.error).toContain('selects none of the 2 instances that Consul lists');
    expect(await readyServers(rig.haproxy, 'iri_back')).toHaveLength(2);
    const forced = await misspelt.run({ mode: 'apply', force: true });
    expect(forced.loadBalancers[0]?.changes.map(({ action }) => action)).toEqual(['remove', 'remove']);
    const { only: right } = await applyOnce(runnerWithTags('prod'));
    expect(right.changes.map(({ action }) => action)).toEqual(['enable', 'enable']);
  });
});
