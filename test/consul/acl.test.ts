// Tokens and rights on a real Consul with ACLs on and default deny; and the policy that we render.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { consulApi } from '../../infra/local/consul-api.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { makeTokenSource, type TokenSource } from '../../lib/consul/token.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { type FaultProxy, startProxy } from './proxy.js';
import { client, failure, heard } from './rig.js';

const pools = { pools: [{ service: 'iri' }] } as unknown as Parameters<typeof renderPolicy>[0];
const PARAMETER = '/iri-lb/token';
let harness: Harness;
let consul: Consul;
let proxy: FaultProxy;
const secrets: string[] = [];

beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness);
  secrets.push(consul.token);
  proxy = await startProxy(consul.url);
  harness.onClose(() => proxy.close());
  await consul.catalogRegister([
    { node: 'node-1', service: 'iri', port: 14265 },
    { node: 'node-2', service: 'iri', port: 14265 },
    { node: 'node-3', service: 'other', port: 80 },
  ]);
});
afterAll(async () => {
  await harness?.close();
  for (const secret of secrets) expect(heard.join('\n')).not.toContain(secret);
});
afterEach(() => proxy.fault(() => undefined));

async function reader(): Promise<string> {
  const secret = await consul.createPolicyToken(renderPolicy(pools));
  secrets.push(secret);
  return secret;
}

/** A parameter that a test sets. */
function parameter(value: string): { value: string; fetches: number; source: TokenSource } {
  const store = { value, fetches: 0, source: undefined as unknown as TokenSource };
  store.source = makeTokenSource(
    { addresses: [], tls: {}, tokenParameter: PARAMETER },
    {
      clock: systemClock,
      fetch: async () => {
        store.fetches += 1;
        return store.value;
      },
    },
  );
  return store;
}

describe('the rendered policy', () => {
  test('lets the service be read, with its nodes and checks', async () => {
    const catalog = client([consul.url], { token: await reader() });
    expect((await catalog.readService('iri')).rows).toHaveLength(2);
    expect(await catalog.mayRead('iri')).toBe('allowed');
  });

  test('allows nothing else: no other service, no key, no writing', async () => {
    const secret = await reader();
    const catalog = client([consul.url], { token: secret });
    expect((await catalog.readService('other')).rows).toEqual([]);
    expect(await catalog.mayRead('other')).toBe('denied');
    const api = consulApi(() => consul.url, secret);
    const forbidden: [string, string, unknown?][] = [
      [
        'PUT',
        '/v1/catalog/register',
        { Node: 'x', Address: '127.0.0.1', Service: { Service: 'iri', Port: 1 } },
      ],
      ['PUT', '/v1/agent/service/register', { Name: 'iri', Port: 1 }],
      ['PUT', '/v1/catalog/deregister', { Node: 'node-1', ServiceID: 'iri' }],
      ['PUT', '/v1/kv/key', 'value'],
      ['GET', '/v1/acl/tokens'],
      ['PUT', '/v1/agent/reload'],
    ];
    for (const [method, path, body] of forbidden)
      await expect(api.request(method, path, body), `${method} ${path}`).rejects.toThrow(/40[34]/);
  });

  test('covers the services of all pools, and those that list load balancers', async () => {
    const config = { pools: [{ service: 'iri' }, { service: 'hornet' }, { service: 'iri' }] } as never;
    const rules = renderPolicy(config, { loadBalancers: [{ kind: 'consul', service: 'other' }] });
    expect(rules.match(/service "[^"]+"/g)).toEqual(['service "hornet"', 'service "iri"', 'service "other"']);
    const secret = await consul.createPolicyToken(rules);
    expect((await client([consul.url], { token: secret }).readService('other')).rows).toHaveLength(1);
  });
});

describe('a token that reads an empty catalog', () => {
  test('because there is none, is told from an empty catalog', async () => {
    const anonymous = client([consul.url]);
    expect((await anonymous.readService('iri')).rows).toEqual([]);
    expect(await anonymous.mayRead('iri')).toBe('denied');
  });

  test('because its policy was taken away, too', async () => {
    const catalog = client([consul.url], {
      token: await consul.createPolicyToken('key_prefix "" { policy = "read" }'),
    });
    expect((await catalog.readService('iri')).rows).toEqual([]);
    expect(await catalog.mayRead('iri')).toBe('denied');
  });
});

describe('a token that Consul does not know', () => {
  test.each(['readService', 'mayRead'] as const)(
    'is fetched again, once, and then an error (%s)',
    async (call) => {
      const wrong = randomUUID();
      secrets.push(wrong);
      const store = parameter(wrong);
      const before = proxy.requests.length;
      expect(await failure(client([proxy.url], { token: store.source })[call]('iri'))).toBe(
        `ConsulError: consul: service iri: ${proxy.url}: 403 "ACL not found"; check the token in parameter ${PARAMETER}: Consul does not take it`,
      );
      expect(store.fetches).toBe(2);
      expect(proxy.requests.length - before).toBe(1);
    },
  );

  test('is taken to the other addresses, of which one may know it already', async () => {
    proxy.fault(() => ({ kind: 'status', status: 403, body: 'ACL not found' }));
    const lagging = client([proxy.url, consul.url], { token: consul.token });
    expect((await lagging.readService('iri')).rows).toHaveLength(2);
    const unknown = client([proxy.url, consul.url], { token: randomUUID() });
    const message = await failure(unknown.readService('iri'));
    expect(message).toContain('; check the token in CONSUL_HTTP_TOKEN: ');
    expect(message).toContain(consul.url);
  });

  test('but was rotated, costs no run', async () => {
    const [old, fresh] = [await reader(), await reader()];
    const store = parameter(old);
    const catalog = client([consul.url], { token: store.source });
    await catalog.readService('iri');
    await consul.deleteToken(old);
    store.value = fresh;
    expect((await catalog.readService('iri')).rows).toHaveLength(2);
    expect((await catalog.readService('iri')).rows).toHaveLength(2);
    expect(store.fetches).toBe(2);
  });

  test('and cannot be fetched again, is one error with both reasons', async () => {
    const old = await reader();
    let down = false;
    const token = makeTokenSource(
      { addresses: [], tls: {}, tokenParameter: PARAMETER },
      { clock: systemClock, fetch: async () => (down ? Promise.reject(new Error('access denied')) : old) },
    );
    const catalog = client([consul.url], { token });
    await catalog.readService('iri');
    await consul.deleteToken(old);
    down = true;
    expect(await failure(catalog.readService('iri'))).toBe(
      `ConsulError: consul: service iri: ${consul.url}: 403 "ACL not found", and the token cannot be renewed (parameter ${PARAMETER}: access denied); check the token in parameter ${PARAMETER}: Consul does not take it`,
    );
  });
});

describe('may the token read?', () => {
  test.each([403, 404, 405, 501])('whoever answers %s to the question leaves it unknown', async (status) => {
    proxy.fault(() => ({ kind: 'status', status, body: 'Access is restricted' }));
    expect(await client([proxy.url]).mayRead('iri')).toBe('unknown');
  });

  test('another address that takes the question is asked', async () => {
    proxy.fault(() => ({ kind: 'status', status: 405 }));
    const settings = { token: consul.token };
    expect(await client([proxy.url, consul.url], settings).mayRead('iri')).toBe('allowed');
  });

  test('another address that is down says nothing, and one that does not know the token says no', async () => {
    proxy.fault(() => ({ kind: 'status', status: 405 }));
    const down = await startProxy(consul.url);
    await down.close();
    for (const addresses of [
      [down.url, proxy.url],
      [proxy.url, down.url],
    ])
      expect(await client(addresses).mayRead('iri')).toBe('unknown');
    expect(await failure(client([down.url]).mayRead('iri'))).toContain('ECONNREFUSED');
    const unknown = client([proxy.url, consul.url], { token: crypto.randomUUID() });
    expect(await failure(unknown.mayRead('iri'))).toContain('ACL not found');
  });

  test('without ACLs there is nothing to ask', async () => {
    const open = await startConsul(harness, { acls: false });
    expect(await client([open.url]).mayRead('iri')).toBe('acls-disabled');
  });

  test.each([
    ['no answer', 'null'],
    ['a refusal of something else', '[{"Allow":"no"}]'],
    ['a page', '<h1>Access is restricted</h1>'],
  ])('%s makes no sense, and no yes', async (_, body) => {
    proxy.fault(() => ({ kind: 'body', body, type: 'application/json' }));
    expect(await client([proxy.url], { token: consul.token }).mayRead('iri')).toBe('unknown');
  });

  test("a gateway's own 401 is an error too", async () => {
    proxy.fault(() => ({ kind: 'status', status: 401, body: 'who are you?' }));
    expect(await failure(client([proxy.url]).mayRead('iri'))).toContain('401 "who are you?"');
  });
});
