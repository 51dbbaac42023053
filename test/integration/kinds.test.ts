// The seven kinds of registration, the life of an instance, and restarts, on a real HAProxy and Consul.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFleet } from '../../lib/run/status.js';
import { type Rig, startRig } from './rig.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ consul: { persistent: true } });
});
afterAll(() => rig.harness.close());

const REGISTRATIONS = [
  { ID: 'plain', Address: '10.0.0.1', Tags: [] },
  { ID: 'weighted', Address: '10.0.0.2', Tags: ['haproxy.maxconn=7', 'haproxy.weight=2'] },
  { ID: 'tls', Address: '10.0.0.3', Tags: ['haproxy.scheme=https', 'haproxy.sslverify=0'] },
  { ID: 'pow', Address: '10.0.0.4', Tags: ['haproxy.pow=true', 'haproxy.maxconnpow=3'] },
  { ID: 'nopow', Address: '10.0.0.5', Tags: ['haproxy.pow=false'] },
  { ID: 'powonly', Address: '10.0.0.6', Tags: ['haproxy.pow=only', 'haproxy.maxconn=2'] },
  { ID: 'named', Address: 'localhost', Tags: [] },
] as const;

describe('kinds of registration', () => {
  it('each get their backend, range, weight and maxconn', async () => {
    for (const registration of REGISTRATIONS)
      await rig.consul.register({ Name: 'iri', Port: 14265, ...registration });
    const { only } = await rig.apply();
    expect(only.error).toBeUndefined();
    expect(await rig.ready('iri_back')).toEqual([
      'irisrv 10.0.0.1:14265 w1 m0',
      'irisrv 10.0.0.2:14265 w2 m7',
      'irisrv 10.0.0.4:14265 w1 m0',
      'irisrv 10.0.0.5:14265 w1 m0',
      'irisrv 127.0.0.1:14265 w1 m0',
      'iritlsnv 10.0.0.3:14265 w1 m0',
    ]);
    expect(await rig.ready('iri_pow_back')).toEqual([
      'irisrv 10.0.0.4:14265 w1 m3',
      'irisrv 10.0.0.6:14265 w1 m2',
    ]);
  });

  it('are left alone by a second run', async () => {
    const { only } = await rig.apply();
    expect(only).toMatchObject({ outcome: 'unchanged', changes: [] });
  });

  it('are back after HAProxy was restarted, in the same slots', async () => {
    const before = await slots();
    await rig.haproxy.restart();
    expect(await rig.ready('iri_back')).toEqual([]);
    await rig.apply();
    expect(await slots()).toEqual(before);
  });

  it('stay while Consul is down, which is an error of the run, and after it was restarted', async () => {
    const before = await slots();
    await rig.consul.stop();
    const down = await rig.apply();
    expect(down.only.outcome).toBe('failed');
    expect(down.only.error).toMatch(/^consul: service iri: /);
    expect(down.only.error).toContain(new URL(rig.consul.url).host);
    expect(await slots()).toEqual(before);
    await rig.consul.restart();
    const up = await rig.apply();
    expect(up.only).toMatchObject({ outcome: 'unchanged' });
    expect(await slots()).toEqual(before);
  });

  it('stay when everything is deregistered, and are all in maintenance once that is forced', async () => {
    for (const { ID } of REGISTRATIONS) await rig.consul.deregister(ID);
    const kept = await rig.apply();
    expect(kept.only.outcome).toBe('guarded');
    expect(await rig.ready('iri_back')).toHaveLength(6);
    const forced = await rig.runner.run({ mode: 'apply', force: true });
    const [only] = forced.loadBalancers;
    if (!only) throw new Error('no load balancer in the report');
    expect(only.error).toBeUndefined();
    expect(only.pools.map(({ ready, slots: all, maintenance }) => [ready, all - maintenance])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(await rig.ready('iri_back')).toEqual([]);
    expect(await rig.ready('iri_pow_back')).toEqual([]);
  });
});

describe('the life of an instance', () => {
  const actions = async (): Promise<string[]> => (await rig.apply()).only.changes.map(({ action }) => action);
  const register = (id: string, tags: readonly string[] = []) =>
    rig.consul.register({
      Name: 'iri',
      ID: id,
      Address: '10.0.1.1',
      Port: 14265,
      Tags: tags,
      Check: { CheckID: `check:${id}`, TTL: '1h', Status: 'critical' },
    });

  it('goes from appearing through failing, retagging and maintenance to being registered anew', async () => {
    await register('one');
    expect(await actions()).toEqual([]);
    await rig.consul.setTtl('check:one', 'passing');
    expect(await actions()).toEqual(['add']);
    await rig.consul.setTtl('check:one', 'critical');
    expect(await actions()).toEqual(['disable']);
    await rig.consul.setTtl('check:one', 'passing');
    expect(await actions()).toEqual(['enable']);
    await register('one', ['haproxy.weight=9']);
    await rig.consul.setTtl('check:one', 'passing');
    expect(await actions()).toEqual(['update']);
    expect(await rig.ready('iri_back')).toEqual(['irisrv 10.0.1.1:14265 w9 m0']);
    await rig.consul.maintenance('one', true);
    expect(await actions()).toEqual(['disable']);
    await rig.consul.maintenance('one', false);
    expect(await actions()).toEqual(['enable']);
    await register('two', ['haproxy.weight=9']);
    await rig.consul.setTtl('check:two', 'passing');
    await rig.consul.deregister('one');
    expect(await actions()).toEqual([]);
    await rig.consul.register({
      Name: 'iri',
      ID: 'three',
      Address: '10.0.1.3',
      Port: 14265,
      Check: { CheckID: 'check:three', TTL: '1h', Status: 'critical' },
    });
    await rig.consul.deregister('two');
    expect(await actions()).toEqual(['remove']);
    expect(await rig.ready('iri_back')).toEqual([]);
  });
});

async function slots(): Promise<string[]> {
  const status = await readFleet(rig.runner);
  return (status.loadBalancers[0]?.slots ?? [])
    .filter(({ state }) => state === 'ready')
    .map(({ backend, slot, address, port }) => `${backend}/${slot} ${address}:${port}`);
}
