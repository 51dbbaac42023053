// `iri-lb maint` and `node maint` at a real Consul: through the node's own agent, and nowhere else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { runAs } from './plan-rig.js';

const WEB = {
  pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 's', transport: 'plain', slots: 4 }] }],
  networks: LOCAL_NETWORKS,
};

let harness: Harness;
let consul: Consul;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness);
  env = {
    ...{ CONSUL_HTTP_ADDR: consul.url, CONSUL_HTTP_TOKEN: consul.token },
    ...{ HAPROXY_ADDRESSES: 'tcp://127.0.0.1:1', LB_CONFIG: JSON.stringify(WEB) },
  };
  await consul.register({ Name: 'web', ID: 'a', Address: '10.0.0.1', Port: 80 });
  await consul.catalogRegister([
    { node: 'far', nodeAddress: '10.9.9.9', service: 'web', id: 'b', address: '10.0.0.2', port: 80 },
  ]);
});
afterAll(() => harness.close());

const run = (...args: readonly string[]) => runAs(args, env);

interface Check {
  readonly CheckID: string;
  readonly Notes: string;
}

/** The agent's own maintenance: `_service_maintenance:a why`. */
async function maintenance(): Promise<string[]> {
  const checks = (await consul.request('GET', '/v1/agent/checks')) as Readonly<Record<string, Check>>;
  return Object.values(checks)
    .filter(({ CheckID }) => CheckID.includes('maintenance'))
    .map(({ CheckID, Notes }) => `${CheckID} ${Notes}`);
}

describe('iri-lb maint', () => {
  it('puts an instance into maintenance for a reason, and ends it', async () => {
    const on = await run('maint', 'a', '--reason', 'new disk & more');
    expect(on).toEqual({
      ...{ status: 0, err: '' },
      out: 'local/a is in maintenance ("new disk & more"): the next run takes it out of rotation, until --off',
    });
    expect(await maintenance()).toEqual(['_service_maintenance:a new disk & more']);
    const off = await run('maint', '10.0.0.1:80', '--off', '--json');
    expect([off.status, JSON.parse(off.out)]).toEqual([
      0,
      { version: 1, agent: consul.url, node: 'local', id: 'a', service: 'web', maintenance: false },
    ]);
    expect(await maintenance()).toEqual([]);
  });

  it("refuses another agent's, and says which agent to ask", async () => {
    const { port } = new URL(consul.url);
    for (const line of [
      ['maint', 'far/b'],
      ['node', 'maint', 'far'],
    ]) {
      const { status, out, err } = await run(...line);
      expect([status, out]).toEqual([1, '']);
      expect(err).toBe(
        `iri-lb: only the agent of node far can do that, and ${consul.url} is that of local; ` +
          `say CONSUL_HTTP_ADDR=http://10.9.9.9:${port}, or run this there`,
      );
    }
    expect(await maintenance()).toEqual([]);
  });

  it('says which right a token lacks, and not the token', async () => {
    const reader = await consul.createPolicyToken(
      'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" } agent_prefix "" { policy = "read" }',
    );
    const as = (...args: readonly string[]) => runAs(args, { ...env, CONSUL_HTTP_TOKEN: reader });
    const one = await as('maint', 'a');
    expect([one.status, one.err]).toEqual([1, expect.stringContaining('needs service:write on web')]);
    const all = await as('node', 'maint', 'local');
    expect([all.status, all.err]).toEqual([1, expect.stringContaining('needs node:write on local')]);
    expect(one.err + all.err).not.toContain(reader);
  });

  it.each<[readonly string[], RegExp]>([
    [['maint'], /name a node: by id or address:port, or with --node and --id$/],
    [['maint', 'x'], /no node x in Consul/],
    [['maint', 'a', '--off', '--reason', 'x'], /--reason is why maintenance begins/],
    [['node', 'maint', 'locl'], /^iri-lb: no node locl has an instance .*; did you mean local\?$/],
  ])('%j is wrong usage', async (args, error) => {
    expect(await run(...args)).toEqual({ status: 64, out: '', err: expect.stringMatching(error) });
  });

  it('fails where Consul cannot be read', async () => {
    const dead = { ...env, CONSUL_HTTP_ADDR: 'http://127.0.0.1:1' };
    for (const line of [
      ['maint', 'a'],
      ['node', 'maint', 'local'],
    ])
      expect(await runAs(line, dead)).toMatchObject({
        status: 1,
        err: expect.stringMatching(/^iri-lb: consul: /),
      });
  });
});

describe('iri-lb node maint', () => {
  it('puts a node into maintenance with all that is on it, and ends it', async () => {
    const on = await run('node', 'maint', 'local', '--reason', 'kernel');
    expect(on).toEqual({
      ...{ status: 0, err: '' },
      out: 'node local, with 1 instance of the pools, is in maintenance (kernel): the next run takes it out of rotation, until --off',
    });
    expect(await maintenance()).toEqual(['_node_maintenance kernel']);
    const off = await run('node', 'maint', 'local', '--off', '--json');
    expect([off.status, JSON.parse(off.out)]).toEqual([
      0,
      {
        version: 1,
        agent: consul.url,
        node: 'local',
        instances: [{ id: 'a', service: 'web' }],
        maintenance: false,
      },
    ]);
    expect(await maintenance()).toEqual([]);
  });
});
