// The commands to an agent of a real Consul: what it then lists is what was sent, and what its refusals mean.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import type { ConsulSettings } from '../../lib/config/consul-environment.js';
import { type Agent, makeAgent } from '../../lib/consul/agent.js';
import { makeTokenSource } from '../../lib/consul/token.js';
import type { Registration } from '../../lib/model/registration.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { type FaultProxy, startProxy } from './proxy.js';
import { failure, heard } from './rig.js';

let harness: Harness;
let consul: Consul;
let proxy: FaultProxy;

beforeAll(async () => {
  harness = await startHarness();
  // With a data folder, in which it writes down the checks that it took.
  consul = await startConsul(harness, { persistent: true, scriptChecks: 'api' });
});
afterAll(async () => {
  await harness?.close();
  expect(heard.join('\n')).not.toContain(consul.token);
});
beforeEach(async () => {
  proxy = await startProxy(consul.url);
});
afterEach(() => proxy.close());

/** The agent through the proxy, with the management token. */
function agent({ timeoutMs = 5_000, ...more }: Partial<ConsulSettings> & { timeoutMs?: number } = {}): Agent {
  const settings = { addresses: [proxy.url], tls: {}, token: consul.token, ...more };
  return makeAgent(settings, makeTokenSource(settings, { clock: systemClock }), timeoutMs);
}

const node: Registration = { ID: 'one', Name: 'iri', Address: '10.0.0.1', Port: 14265 };
const whole = {
  ...node,
  Tags: ['haproxy.weight=5', 'mine'],
  Meta: { 'haproxy-maxconn': '3', word: 'é "x" {y}' },
  Weights: { Passing: 7, Warning: 2 },
  EnableTagOverride: true,
  TaggedAddresses: { lan: { Address: '10.0.0.2', Port: 9 } },
  Check: {
    CheckID: 'own',
    Name: 'IRI API',
    Notes: 'as it is',
    Args: ['true'],
    Interval: '30s',
    Timeout: '5s',
    Status: 'passing',
    DeregisterCriticalServiceAfter: '90m',
    SuccessBeforePassing: 2,
  },
};

/** What the agent wrote down of its checks, as it keeps them: times are in nanoseconds. */
function checksOnDisk(): { readonly ChkType: object }[] {
  const parent = join(harness.dir, `consul-${new URL(consul.url).port}`, 'data', 'checks');
  return readdirSync(parent).map((file) => JSON.parse(readFileSync(join(parent, file), 'utf8')));
}

describe('a registration', () => {
  test('is sent as it is, and Consul lists all of it', async () => {
    await agent().register(whole);
    const [sent] = proxy.requests;
    expect([sent?.method, sent?.url]).toEqual(['PUT', '/v1/agent/service/register']);
    expect(sent?.body).toBe(JSON.stringify(whole));

    const { ID, Name, Check, ...fields } = whole;
    expect(await consul.request('GET', '/v1/agent/service/one')).toMatchObject({
      ...{ ID, Service: Name, ...fields },
    });
    const { CheckID, Notes, Status } = Check;
    expect(await consul.request('GET', '/v1/agent/checks')).toMatchObject({
      own: { CheckID, Name: Check.Name, Notes, Status, ServiceID: ID, Type: 'script' },
    });
    expect(checksOnDisk()).toMatchObject([
      {
        ChkType: {
          ScriptArgs: Check.Args,
          Interval: 30e9,
          Timeout: 5e9,
          DeregisterCriticalServiceAfter: 90 * 60e9,
          SuccessBeforePassing: 2,
        },
      },
    ]);
  });

  test('comes whole into the catalog that runs read', async () => {
    await agent().register(whole);
    const { Tags, Meta, Weights, EnableTagOverride } = whole;
    const own = expect.objectContaining({ CheckID: 'own', ServiceID: 'one' });
    // The agent tells the catalog a moment later.
    await expect
      .poll(() => consul.request('GET', '/v1/health/service/iri?consistent'), { timeout: 10_000 })
      .toMatchObject([
        { Service: { Tags, Meta, Weights, EnableTagOverride }, Checks: expect.arrayContaining([own]) },
      ]);
  });

  test('is in the namespace of the settings, which this Consul has not', async () => {
    expect(await failure(agent({ namespace: 'team' }).register(node))).toMatch(
      /^AgentError: consul http:\S+: answered 400 ".*Namespaces are a Consul Enterprise feature.*"$/,
    );
    expect(proxy.requests[0]?.headers['x-consul-namespace']).toBe('team');
  });

  test('is made with another token where one is given', async () => {
    const none = await consul.createPolicyToken('key "x" { policy = "read" }');
    const file = { name: 'the file', get: async () => none };
    expect(await failure(agent().register(node, file))).toMatch(
      /answered 403 "Permission denied.*"; the token in the file needs service:write on iri$/,
    );
    expect(proxy.requests[0]?.headers['x-consul-token']).toBe(none);
    expect(heard.join('\n')).not.toContain(none);
  });
});

test.each(['one', 'a b/c', '{d}', '[2001:db8::5]:1', 'é?x=1#y'])(
  '%s is found, removed, and then gone',
  async (ID) => {
    const ours = agent();
    await ours.register({ ...node, ID });
    expect(await ours.find(ID, 'iri')).toEqual({ id: ID, service: 'iri', address: '10.0.0.1', port: 14265 });
    await ours.deregister(ID, 'iri');
    expect(await ours.find(ID, 'iri')).toBeUndefined();
    expect(proxy.requests.map(({ method }) => method)).toEqual(['PUT', 'GET', 'PUT', 'GET']);
    expect(await failure(ours.deregister(ID, 'iri'))).toMatch(/ service \S.* is gone already$/);
  },
);

describe('which agent it is', () => {
  const as = async (rules: string): Promise<Agent> => agent({ token: await consul.createPolicyToken(rules) });
  const OWN = { ...whole, ID: 'mine', Check: { ...whole.Check, CheckID: 'mine' } };

  test('is said to who may read it, with its datacenter', async () => {
    expect(await agent().identity()).toEqual({ node: 'local', datacenter: 'dc1' });
    expect(await (await as('agent_prefix "" { policy = "read" }')).identity()).toEqual({
      ...{ node: 'local', datacenter: 'dc1' },
    });
  });

  test('shows in a check, too, and is else an error that names the right', async () => {
    await agent().register(OWN);
    const reader = await as('service "iri" { policy = "read" } node_prefix "" { policy = "read" }');
    expect(await reader.identity()).toEqual({ node: 'local' });
    expect(await failure((await as('key "x" { policy = "read" }')).identity())).toMatch(
      /answered 403 "Permission denied.*"; the token in CONSUL_HTTP_TOKEN needs agent:read/,
    );
  });

  test.each(['x', '{}', '[]', '{"Config":{"NodeName":""}}'])(
    'is no secret of what answers %s',
    async (body) => {
      proxy.fault(() => ({ kind: 'body', body }));
      expect(await failure(agent().identity())).toMatch(/is no Consul agent; check CONSUL_HTTP_ADDR$/);
    },
  );
});

describe('an agent that does not do it', () => {
  const at = () => `AgentError: consul ${proxy.url}:`;
  const CHECK_ADDRESS = 'is it up, and is CONSUL_HTTP_ADDR right?';

  test('knows no such service any more', async () => {
    proxy.fault(() => ({ kind: 'status', status: 404, body: 'Unknown service "x y"' }));
    expect(await failure(agent().deregister('x y', 'iri'))).toBe(`${at()} service "x y" is gone already`);
  });

  test('is none', async () => {
    proxy.fault(() => ({ kind: 'status', status: 404, body: '404 page not found' }));
    expect(await failure(agent().register(node))).toBe(`${at()} is no Consul agent; check CONSUL_HTTP_ADDR`);
  });

  test.each([
    [500, 'No cluster leader', 'answered 500 "No cluster leader"'],
    [503, '', 'answered 503'],
    [204, '', 'answered 204'],
  ])('says %i %j', async (status, body, words) => {
    proxy.fault(() => ({ kind: 'status', status, body }));
    expect(await failure(agent().register(node))).toBe(`${at()} ${words}`);
    expect(await failure(agent().find('one', 'iri'))).toBe(`${at()} ${words}`);
  });

  test('shows what it was sent: not the token', async () => {
    proxy.fault(() => ({ kind: 'echo' }));
    expect(await failure(agent().find('one', 'iri'))).toMatch(/answered 500 .*\(token\)/);
  });

  test.each([
    ['cut', 'the answer was cut off'],
    ['close', 'socket hang up'],
  ] as const)('breaks off (%s)', async (kind, words) => {
    await agent().register(node);
    proxy.fault(() => ({ kind }));
    expect(await failure(agent().find('one', 'iri'))).toBe(`${at()} ${words}; ${CHECK_ADDRESS}`);
  });

  test.each(['stall', 'silent'] as const)('does not end (%s)', async (kind) => {
    proxy.fault(() => ({ kind }));
    expect(await failure(agent({ timeoutMs: 300 }).find('one', 'iri'))).toBe(
      `${at()} no answer within 300 ms; ${CHECK_ADDRESS}`,
    );
  });

  test('answers more than 64 kB', async () => {
    proxy.fault(() => ({ kind: 'body', body: 'x'.repeat(65_536) }));
    expect(await failure(agent().find('one', 'iri'))).toBe(
      `${at()} is no Consul agent; check CONSUL_HTTP_ADDR`,
    );
    proxy.fault(() => ({ kind: 'body', body: 'x'.repeat(65_537) }));
    expect(await failure(agent().find('one', 'iri'))).toBe(
      `${at()} the answer is too large; ${CHECK_ADDRESS}`,
    );
  });
});
