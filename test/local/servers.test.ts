// The harness's Consul and HAProxy: what a test may rely on.
import { existsSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConsul } from '../../infra/local/consul.js';
import { consulApi } from '../../infra/local/consul-api.js';
import { startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});

afterAll(() => harness.close());

const instance = { node: 'n1', service: 'iri', id: 'iri-1', port: 14265 };

async function ask(url: string, path: string, token = ''): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}${path}`, { headers: token ? { 'X-Consul-Token': token } : {} });
  return { status: response.status, body: (await response.text()).trim() };
}

describe('Consul', () => {
  it('lists what it was told, by its agent and by its catalog', async () => {
    const consul = await startConsul(harness);
    const check = { CheckID: 'own', Name: 'c', TTL: '60s' };
    const [tags, meta, weights] = [['a=1', 'b'], { word: 'é {x}' }, { Passing: 7, Warning: 2 }];
    const service = { Name: 'iri', ID: 'a b/c', Tags: tags, Meta: meta, Weights: weights, Check: check };
    await consul.register(service);
    await consul.setTtl('own', 'warning', 'so so');
    await consul.catalogRegister([{ ...instance, tags, meta, weights, status: 'critical' }]);

    const { Check: _, Name, ...listed } = service;
    expect(await consul.request('GET', '/v1/agent/services')).toEqual({
      'a b/c': expect.objectContaining({ Service: Name, ...listed }),
    });
    expect(await consul.request('GET', '/v1/agent/checks')).toMatchObject({
      own: { ServiceID: 'a b/c', Status: 'warning', Output: 'so so', Type: 'ttl' },
    });
    expect(await consul.request('GET', '/v1/catalog/node/n1')).toMatchObject({
      Services: { 'iri-1': { Port: 14265, Tags: tags, Meta: meta, Weights: weights } },
    });

    await consul.maintenance('a b/c', true);
    expect(await consul.request('GET', '/v1/agent/checks')).toHaveProperty(['_service_maintenance:a b/c']);
    await consul.deregister('a b/c');
    expect(await consul.request('GET', '/v1/agent/services')).toEqual({});
    await consul.catalogDeregister([{ node: 'n1', id: 'iri-1' }]);
    // The agent tells the catalog a moment later.
    await expect
      .poll(() => consul.request('GET', '/v1/health/service/iri?consistent'), { timeout: 10_000 })
      .toEqual([]);
  }, 60_000);

  it('names what was asked in an error, says why, and shows no token', async () => {
    const consul = await startConsul(harness);
    const api = consulApi(() => consul.url, await consul.createPolicyToken(''));
    await expect(api.request('PUT', '/v1/kv/key?flags=1', 'value')).rejects.toThrow(
      /^consul PUT \/v1\/kv\/key: 403 "Permission denied"$/,
    );
    const mistyped = consul.token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
    const stranger = consulApi(() => consul.url, mistyped);
    const failed: unknown = await stranger
      .request('GET', '/v1/catalog/nodes')
      .catch((error: unknown) => error);
    expect(inspect(failed, { depth: null, showHidden: true })).toMatch(/consul GET \S+: 403 "ACL not found"/);
    expect(inspect(failed, { depth: null, showHidden: true })).not.toContain(mistyped);
    await consul.stop();
    await expect(api.request('GET', '/v1/catalog/nodes')).rejects.toThrow(
      /^consul GET \/v1\/catalog\/nodes: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
    );
  }, 60_000);

  it('shows nothing without a token, and with one what its rules allow', async () => {
    const consul = await startConsul(harness);
    await consul.catalogRegister([
      instance,
      { ...instance, node: 'n2', service: 'other', status: 'critical' },
    ]);
    const token = await consul.createPolicyToken(
      'service "iri" { policy = "read" } node_prefix "" { policy = "read" }',
    );

    expect(await ask(consul.url, '/v1/health/service/iri')).toEqual({ status: 200, body: '[]' });
    expect(JSON.parse((await ask(consul.url, '/v1/health/service/iri', token)).body)).toHaveLength(1);
    expect(await ask(consul.url, '/v1/health/service/other', token)).toEqual({ status: 200, body: '[]' });

    await consul.deleteToken(token);
    expect(await ask(consul.url, '/v1/health/service/iri', token)).toMatchObject({ status: 403 });
  }, 60_000);

  it('keeps its catalog and its token over a restart when it is persistent', async () => {
    const consul = await startConsul(harness, { persistent: true });
    await consul.catalogRegister([instance]);

    await consul.restart();

    expect(await consul.request('GET', '/v1/health/service/iri')).toHaveLength(1);
  }, 60_000);

  it('starts the watches that it is given while it runs', async () => {
    const consul = await startConsul(harness);
    const marker = `${harness.dir}/watched`;
    await consul.reconfigure({
      watches: [{ type: 'service', service: 'iri', token: consul.token, args: ['touch', marker] }],
    });

    await consul.child.until(() => existsSync(marker), { what: 'the watch' });

    expect(consul.child.running).toBe(true);
  }, 60_000);
});

describe('HAProxy', () => {
  const config = (adminPort: number): string =>
    minimalConfig({ adminPort, backends: [{ name: 'web', ranges: [{ prefix: 'srv', slots: 2 }] }] });
  const weightOf = (state: string): string | undefined =>
    state
      .split('\n')
      .find((row) => row.split(' ')[3] === 'srv1')
      ?.split(' ')[7];

  it('forgets at a restart what was set at runtime', async () => {
    const adminPort = await harness.freePort();
    const haproxy = await startHAProxy(harness, { config: config(adminPort), adminPort });
    await haproxy.query('set server web/srv1 weight 7');
    const before = weightOf(await haproxy.query('show servers state web'));
    const { pid } = haproxy;

    await haproxy.restart();

    expect(before).toBe('7');
    expect(weightOf(await haproxy.query('show servers state web'))).toBe('1');
    expect(haproxy.pid).not.toBe(pid);
  });

  it('reloads, and the master stays', async () => {
    const adminPort = await harness.freePort();
    const haproxy = await startHAProxy(harness, { config: config(adminPort), adminPort, master: true });
    const worker = /^Pid: \d+$/m.exec(await haproxy.query('show info'))?.[0];
    const { pid } = haproxy;

    await haproxy.reload();

    expect(await haproxy.query('show info')).not.toContain(`${worker}\n`);
    expect(haproxy.pid).toBe(pid);
  });

  it('says in its own words what is wrong with a configuration', async () => {
    const adminPort = await harness.freePort();
    const broken = `${config(adminPort)}\nbackend x\n  balance sideways\n`;
    await expect(startHAProxy(harness, { config: broken, adminPort })).rejects.toThrow(
      /refuses the configuration: .*balance only supports/s,
    );
  });
});
