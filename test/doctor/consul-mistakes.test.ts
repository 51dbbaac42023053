// Mistakes around Consul, the token and what is registered, each planted in and found on real parts.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startConsul } from '../../infra/local/consul.js';
import { diagnose } from '../../lib/doctor/doctor.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { PARAMETER, print, type Rig, said, startRig } from './rig.js';

let rig: Rig;
let env: Readonly<Record<string, string>>;
const secrets: string[] = [];

beforeAll(async () => {
  rig = await startRig();
  const haproxy = await rig.startLoadBalancer();
  env = { ...rig.env, HAPROXY_ADDRESSES: haproxy.admin };
  secrets.push(rig.token, rig.consul.token);
});
afterEach(() => {
  rig.store.set(PARAMETER, rig.token);
  rig.store.fail(undefined);
});
afterAll(async () => {
  await rig.close();
  for (const secret of secrets) expect(said.join()).not.toContain(secret);
});

const name = `parameter ${PARAMETER}`;

describe('the token', () => {
  it('the parameter is not there', async () => {
    rig.store.set(PARAMETER, undefined);
    expect(await rig.findings(env)).toEqual([
      `error token ${name}: not found -> check CONSUL_HTTP_TOKEN_PARAMETER, AWS_REGION (ParameterNotFound)`,
    ]);
  });

  it.each([
    ['AccessDeniedException', 'access denied -> allow ssm:GetParameter on it, and kms:Decrypt on its key'],
    ['InvalidKeyId', 'cannot be decrypted -> allow kms:Decrypt on its key, and check that it is enabled'],
  ])('SSM answers %s', async (type, text) => {
    rig.store.fail({ type, message: `no ${rig.token}` });
    expect(await rig.findings(env)).toEqual([`error token ${name}: ${text} (${type})`]);
  });

  it('Consul does not know it', async () => {
    const mistyped = rig.token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
    secrets.push(mistyped);
    rig.store.set(PARAMETER, mistyped);
    expect(await rig.findings(env)).toEqual([
      `error token ${name}: Consul does not know it (403) -> put the SecretID of a valid token there`,
    ]);
  });

  it('it may read nothing, no nodes, or some nodes only', async () => {
    const todo = 'give it the policy that iri-lb render policy prints';
    rig.store.set(PARAMETER, await rig.consul.createPolicyToken('key "x" { policy = "read" }'));
    const nodes = `error consul nodes: ${name}: may not read nodes, so Consul leaves instances out -> ${todo}`;
    expect(await rig.findings(env)).toEqual([
      nodes,
      `error consul service iri: ${name}: may not read it; Consul answers an empty list -> ${todo}`,
    ]);
    rig.store.set(PARAMETER, await rig.consul.createPolicyToken('service "iri" { policy = "read" }'));
    expect(await rig.findings(env)).toEqual([nodes]);
    const some = 'service "iri" { policy = "read" } node_prefix "iri-lb" { policy = "read" }';
    rig.store.set(PARAMETER, await rig.consul.createPolicyToken(some));
    expect(await rig.findings(env)).toEqual([nodes]);
  });

  it('none is configured', async () => {
    const { CONSUL_HTTP_TOKEN_PARAMETER: _, ...without } = env;
    expect(await rig.findings(without)).toEqual([
      expect.stringContaining(
        'consul nodes: CONSUL_HTTP_TOKEN_PARAMETER or CONSUL_HTTP_TOKEN (neither is set)',
      ),
      expect.stringContaining('may not read it; Consul answers an empty list'),
    ]);
  });

  it('it may do more than a run needs', async () => {
    rig.store.set(PARAMETER, rig.consul.token);
    expect(await rig.findings(env)).toEqual([
      `warning consul service iri: ${name}: may also write it, which no run needs -> give it the policy that iri-lb render policy prints`,
    ]);
  });
});

describe('Consul', () => {
  it('one of its addresses does not answer', async () => {
    const port = await rig.harness.freePort();
    const down = `http://127.0.0.1:${port}`;
    expect(await rig.findings({ ...env, CONSUL_HTTP_ADDR: `${down},${rig.consul.url}` })).toEqual([
      `error consul ${down}: cannot be read (connect ECONNREFUSED 127.0.0.1:${port}) -> start Consul there, or correct CONSUL_HTTP_ADDR, CONSUL_CACERT, routes and security groups`,
    ]);
  });

  it('has ACLs off', async () => {
    const open = await startConsul(rig.harness, { acls: false });
    await open.register({ Name: 'iri', ID: 'one', Address: '10.0.0.1', Port: 14265 });
    expect(await rig.findings({ ...env, CONSUL_HTTP_ADDR: open.url })).toEqual([
      'warning consul ACLs: are off: whoever reaches Consul can put servers into rotation -> turn them on with default_policy = "deny"',
    ]);
    await open.stop();
  });

  it('has no leader', async () => {
    const lonely = await startConsul(rig.harness, {
      leaderless: true,
      cluster: { size: 3, join: [], token: rig.consul.token, name: 'lonely' },
    });
    await lonely.child.until(async () => (await fetch(`${lonely.url}/v1/status/leader`)).ok, {
      what: 'Consul to answer',
    });
    expect(await rig.findings({ ...env, CONSUL_HTTP_ADDR: lonely.url })).toEqual([
      `error consul ${lonely.url}: knows no leader -> bring a majority of the Consul servers back, and this agent to them`,
    ]);
    await lonely.stop();
  });

  it('has another time than we have', async () => {
    const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + 600_000 };
    const { findings } = await diagnose(env, { clock });
    const ill = findings.filter(({ level, area }) => level !== 'ok' && area !== 'fleet');
    expect(ill.map(print)).toEqual([
      expect.stringMatching(
        `^warning consul ${rig.consul.url}: its clock is (?:599|600|601) s behind the clock here -> s`,
      ),
    ]);
  });
});

describe('what is registered', () => {
  it.each([
    [
      { Address: '10.0.0.9', Tags: ['haproxy.weight=heavy'] },
      /^warning catalog iri: local\/bad: .*heavy.* -> correct its registration in Consul/,
    ],
    [
      { Address: '10.0.0.9 x' },
      /^warning catalog iri: local\/bad: address "10\.0\.0\.9 x" is unusable.* -> /,
    ],
    [
      { Address: 'node.invalid' },
      /^warning catalog iri: host name node\.invalid does not resolve .* -> correct the address/,
    ],
    [
      { Address: '10.0.0.1', Port: 14265, Tags: ['haproxy.maxconn=9'] },
      /^warning catalog iri: local\/bad and local\/one share 10\.0\.0\.1:14265 but not their settings/,
    ],
  ])('%j', async (registration, expected) => {
    await rig.consul.register({ Name: 'iri', ID: 'bad', Port: 14265, ...registration });
    try {
      expect(await rig.findings(env)).toEqual([expect.stringMatching(expected)]);
    } finally {
      await rig.consul.deregister('bad');
    }
  });

  it("a load balancer's own admin socket, whatever networks are allowed", async () => {
    const [, Address = '', port] = /tcp:\/\/(.*):(\d+)/.exec(env.HAPROXY_ADDRESSES ?? '') ?? [];
    await rig.consul.register({ Name: 'iri', ID: 'evil', Address, Port: Number(port) });
    try {
      expect(await rig.findings(env)).toContainEqual(
        `error haproxy ${env.HAPROXY_ADDRESSES}: instance local/evil is registered at ipv4@${Address}:${port}, an admin socket of this HAProxy -> deregister it, and see who may write to Consul`,
      );
    } finally {
      await rig.consul.deregister('evil');
    }
  });

  it('no load balancer where they are looked for', async () => {
    const policy = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }';
    rig.store.set(PARAMETER, await rig.consul.createPolicyToken(policy));
    expect(await rig.findings({ ...env, HAPROXY_ADDRESSES: 'consul:lb' })).toEqual([
      'error haproxy HAPROXY_ADDRESSES: consul: service lb: no load balancer is registered -> register one, or let the token read it (service:read, node:read)',
    ]);
  });
});

describe('the settings', () => {
  it('every problem is a finding, and nothing is asked', async () => {
    const found = await rig.findings({
      ...env,
      HAPROXY_ADDRESSES: 'http://x,tcp://127.0.0.1:9999',
      CONSUL_CACERT: '/nowhere.pem',
      LB_CONFIG: '{"pools":[]}',
    });
    expect(found).toEqual([
      expect.stringMatching(
        /^error configuration CONSUL_CACERT: cannot read "\/nowhere\.pem".* -> name a PEM file/,
      ),
      expect.stringMatching(
        /^error configuration HAPROXY_ADDRESSES: "http:\/\/x" is not an address -> use tcp:/,
      ),
      expect.stringMatching(/^error configuration LB_CONFIG\.pools: /),
    ]);
  });
});
