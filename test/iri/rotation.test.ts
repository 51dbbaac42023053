// From a fault of a node to its place in HAProxy: real node check, real Consul, real HAProxy.

import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { LOCAL_CONFIG } from '../../infra/local/networks.js';
import type { StandIn } from '../../infra/local/stand-in.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { toFileForm } from '../../lib/cli/node-file.js';
import { completeRegistration } from '../../lib/cli/node-registration.js';
import { readSettings } from '../../lib/config/environment.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import { readFleet } from '../../lib/run/status.js';
import { checksOf, iriConfig, NODE_CHECK, startCase, waitForHealth } from '../cli/rig.js';
import { type Certificates, makeCertificates } from './certificates.js';
import { CHECK_CASES, type CheckCase, passes } from './check-cases.js';

interface Rotated extends CheckCase {
  readonly id: string;
  readonly node: StandIn;
}

/** In every range: room for all nodes, also were none to fail. */
const SLOTS = CHECK_CASES.length + 5;

let harness: Harness;
let consul: Consul;
let haproxy: HAProxy;
let runner: Runner;
let front: number;
let nodes: readonly Rotated[];

beforeAll(async () => {
  harness = await startHarness();
  const certificates = await makeCertificates(harness.dir);
  front = await harness.freePort();
  nodes = await Promise.all(
    CHECK_CASES.map(async (entry, index) => ({
      ...entry,
      id: `${entry.fault}-${index}`,
      node: await startCase(harness, entry, certificates),
    })),
  );
  haproxy = await startLoadBalancer(certificates);
  consul = await startConsul(harness, { acls: false, scriptChecks: 'files' });
  const env = { CONSUL_HTTP_ADDR: consul.url, HAPROXY_ADDRESSES: haproxy.admin, LB_CONFIG: LOCAL_CONFIG };
  runner = makeRunner(readSettings(env));
  await consul.reconfigure({ services: nodes.map((entry) => serviceOf(entry, certificates)) });
  for (const entry of nodes) await waitForHealth(consul, entry.id, passes(entry) ? 'passing' : 'critical');
}, 120_000);
afterAll(() => harness.close());

/** What `iri-lb render haproxy` gives, with few slots; each request goes to the next node. */
async function startLoadBalancer({ authority }: Certificates): Promise<HAProxy> {
  const [adminPort, statsPort] = [await harness.freePort(), await harness.freePort()];
  const config = v.parse(renderConfigSchema, {
    ...iriConfig,
    pools: iriConfig.pools.map((pool) => ({
      ...pool,
      ranges: pool.ranges.map((range) => ({ ...range, slots: SLOTS })),
    })),
    haproxy: {
      frontend: { bind: `127.0.0.1:${front}` },
      admin: { bind: `127.0.0.1:${adminPort}`, unix: null, read: null },
      stats: { bind: `127.0.0.1:${statsPort}` },
      process: { user: null, group: null },
      servers: { balance: 'leastconn', caFile: authority.certFile },
      log: { target: 'stdout' },
    },
  });
  return startHAProxy(harness, { config: renderHAProxy(config), adminPort });
}

/** As `iri-lb node add` makes it, with the authority that the check is to trust. */
function serviceOf({ id, node, args = [], tls, pow = false }: Rotated, { authority }: Certificates): object {
  const Tags = [
    ...(tls ? ['haproxy.scheme=https'] : []),
    ...(args.includes('-k') ? ['haproxy.sslverify=0'] : []),
    ...(pow ? ['haproxy.pow=true'] : []),
  ];
  const own = args.filter((arg) => arg !== '-k' && !(pow && arg === '-p'));
  const service = { ID: id, Address: node.host, Port: node.port, Tags };
  const times = { interval: '4s', timeout: '30s', deregisterAfter: '24h' };
  const check = { kind: 'iri', command: NODE_CHECK, args: own, ...times } as const;
  const registration = completeRegistration(service, iriConfig, check);
  const { Check: made } = registration;
  const Args = ['env', `NODE_EXTRA_CA_CERTS=${authority.certFile}`, ...(made?.Args ?? [])];
  return Object.values(toFileForm({ ...registration, Check: { ...made, Args } }))[0];
}

/** Ids of the nodes that HAProxy serves with. */
async function ready(backend: string): Promise<string[]> {
  const { loadBalancers } = await readFleet(runner);
  const slots = loadBalancers.flatMap(({ slots }) => slots);
  return slots
    .filter((slot) => slot.backend === backend && slot.state === 'ready')
    .map(({ port }) => nodes.find(({ node }) => node.port === port)?.id ?? `nobody at ${port}`)
    .sort();
}

const healthyIds = (wanted: (entry: Rotated) => boolean): string[] =>
  nodes
    .filter((entry) => passes(entry) && wanted(entry))
    .map(({ id }) => id)
    .sort();

describe('a node with a fault, through Consul into HAProxy', () => {
  it.each(CHECK_CASES.map((entry, index) => ({ ...entry, index })))(
    'has Consul say of $fault $tls with $args: $finding',
    async ({ index, finding }) => {
      const { id, node, ...entry } = nodes[index] as Rotated;
      // One of a busy machine may have been late; the next one comes 4 s later.
      const isSaid = async (): Promise<boolean> => {
        const { Status, Output = '' } = (await checksOf(consul)).get(id) ?? {};
        expect(Status).toBe(passes(entry) ? 'passing' : 'critical');
        const [, said, rest] = /^\S+: (.*)\n(.*)$/s.exec(Output) ?? [];
        expect([Output.startsWith(`${node.url}: `), rest]).toEqual([true, '']);
        if (typeof finding === 'string') expect(said).toBe(finding);
        else expect(said).toMatch(finding);
        return true;
      };
      await waitFor(isSaid, { what: `Consul to say so of ${id}`, timeoutMs: 60_000, everyMs: 500 });
    },
    90_000,
  );

  it('has only those serve that pass, TLS verified and not', async () => {
    const { loadBalancers } = await runner.run({ mode: 'apply' });
    expect(loadBalancers).toMatchObject([{ outcome: 'changed' }]);
    expect(await ready('iri_back')).toEqual(healthyIds(() => true));
    expect(await ready('iri_pow_back')).toEqual(healthyIds(({ pow }) => pow === true));
    const asked = await askUntil('first', (ids) => ids.length === healthyIds(() => true).length);
    expect(asked).toEqual(healthyIds(() => true));
    expect(healthyIds(({ tls }) => tls !== undefined)).toHaveLength(3);
  });

  it('leaves when it loses its sync, and comes back when it has it again', async () => {
    const [one] = nodes;
    if (!one) throw new Error('no nodes');
    one.node.setFault('unsynced');
    await waitForHealth(consul, one.id, 'critical');
    await runner.run({ mode: 'apply' });
    expect(await ready('iri_back')).toEqual(healthyIds(({ id }) => id !== one.id));
    const others = healthyIds(({ id }) => id !== one.id);
    expect(await askUntil('without', (ids) => ids.length === others.length)).toEqual(others);

    one.node.setFault('healthy');
    await waitForHealth(consul, one.id, 'passing');
    await runner.run({ mode: 'apply' });
    expect(await ready('iri_back')).toEqual(healthyIds(() => true));
    expect(await askUntil('again', (ids) => ids.includes(one.id))).toContain(one.id);
  }, 120_000);
});

/** Ids of the nodes that have had a request of this round. */
const askedIn = (round: string): string[] =>
  nodes
    .filter(({ node }) => node.requests.some(({ headers }) => headers['x-round'] === round))
    .map(({ id }) => id)
    .sort();

/**
 * Sends requests, one after the other, until those that got one are enough: leastconn promises no order
 * among servers without connections. Returns their ids; throws on any answer but 200.
 */
async function askUntil(round: string, enough: (ids: readonly string[]) => boolean): Promise<string[]> {
  for (let sent = 0; sent < 1000 && !enough(askedIn(round)); sent += 1) {
    const reply = await fetch(`http://127.0.0.1:${front}`, {
      method: 'POST',
      headers: { 'X-IOTA-API-Version': '1', 'X-Round': round },
      body: JSON.stringify({ command: 'getNodeInfo' }),
    });
    await reply.arrayBuffer();
    if (reply.status !== 200) throw new Error(`answered ${reply.status}`);
  }
  return askedIn(round);
}
