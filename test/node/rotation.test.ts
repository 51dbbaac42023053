// From a fault of a node to its place in HAProxy: real node check, real Consul, real HAProxy.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import type { StandIn } from '../../infra/local/stand-in.js';
import { type Certificate, makeCertificate } from '../../infra/local/stand-in-tls.js';
import { toFileForm } from '../../lib/cli/node-file.js';
import { completeRegistration } from '../../lib/cli/node-registration.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeRunner, type Runner } from '../../lib/run.js';
import { CHECK_CASES, type CheckCase, SLOW_MS } from './check-cases.js';
import { type AgentCheck, iriConfig, NODE_CHECK, startNode, waitForChecks, waitForHealth } from './rig.js';

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
let checks: ReadonlyMap<string, AgentCheck>;

beforeAll(async () => {
  harness = await startHarness();
  const certificate = await makeCertificate(harness.dir, 'node');
  [front, nodes] = [await harness.freePort(), await startNodes(certificate)];
  haproxy = await startLoadBalancer(certificate);
  consul = await startConsul(harness, { acls: false, scriptChecks: 'files' });
  const env = { CONSUL_HTTP_ADDR: consul.url, HAPROXY_ADDRESSES: haproxy.admin };
  runner = makeRunner(readSettings(env));
  await consul.reconfigure({ services: nodes.map(serviceOf) });
  checks = await waitForChecks(
    consul,
    nodes.map(({ id }) => id),
  );
  for (const { id, finding } of nodes) {
    await waitForHealth(consul, id, finding.startsWith('ok') ? 'passing' : 'critical');
  }
}, 120_000);
afterAll(() => harness.close());

async function startNodes(tls: Certificate): Promise<Rotated[]> {
  const secure: CheckCase[] = [
    {
      fault: 'healthy',
      tls: true,
      args: ['-k'],
      finding: 'ok, IRI 1.5.6, milestone 426549, 5 neighbors, 0 ms',
    },
    {
      fault: 'healthy',
      tls: true,
      finding:
        'getNodeInfo: TLS: the certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT); -k would not verify it',
    },
  ];
  return Promise.all(
    [...CHECK_CASES, ...secure].map(async (entry, index) => {
      const { fault, pow = false } = entry;
      const options = { name: 'n', fault, pow, slowMs: SLOW_MS, ...(entry.tls ? { tls } : {}) };
      return { ...entry, id: `${fault}-${index}`, node: await startNode(harness, options) };
    }),
  );
}

async function startLoadBalancer({ certFile: caFile }: Certificate): Promise<HAProxy> {
  const adminPort = await harness.freePort();
  const backends = iriConfig.pools.map(({ backend, ranges }) => ({
    name: backend,
    ranges: ranges.map((range) => ({ ...range, slots: SLOTS })),
    ...(backend === 'iri_back' ? { port: front } : {}),
  }));
  return startHAProxy(harness, { config: minimalConfig({ backends, adminPort, caFile }), adminPort });
}

function serviceOf({ id, node, args = [], tls, pow = false }: Rotated): unknown {
  const Tags = [
    ...(tls ? ['haproxy.scheme=https'] : []),
    ...(args.includes('-k') ? ['haproxy.sslverify=0'] : []),
    ...(pow ? ['haproxy.pow=true'] : []),
  ];
  const own = args.filter((arg) => arg !== '-k' && !(pow && arg === '-p'));
  const service = { ID: id, Address: node.host, Port: node.port, Tags };
  const check = { command: NODE_CHECK, args: own, interval: '4s', timeout: '30s', deregisterAfter: '24h' };
  return Object.values(toFileForm(completeRegistration(service, iriConfig, check)))[0];
}

/** Ids of the nodes that HAProxy serves with. */
async function ready(backend: string): Promise<string[]> {
  const { loadBalancers } = await runner.status();
  const slots = loadBalancers.flatMap(({ slots }) => slots);
  return slots
    .filter((slot) => slot.backend === backend && slot.state === 'ready')
    .map(({ port }) => nodes.find(({ node }) => node.port === port)?.id ?? `nobody at ${port}`)
    .sort();
}

const healthyIds = (wanted: (entry: Rotated) => boolean): string[] =>
  nodes
    .filter((entry) => entry.finding.startsWith('ok') && wanted(entry))
    .map(({ id }) => id)
    .sort();

describe('a node with a fault, through Consul into HAProxy', () => {
  it.each(CHECK_CASES.map((entry, index) => ({ ...entry, index })))(
    'has Consul say of $fault with $args: $finding',
    ({ index, finding }) => {
      const { id, node } = nodes[index] as Rotated;
      expect(checks.get(id)).toMatchObject({
        Status: finding.startsWith('ok') ? 'passing' : 'critical',
        Output: `${node.url}: ${finding}\n`,
      });
    },
  );

  it('has only those serve that pass, TLS included', async () => {
    const { loadBalancers } = await runner.run({ mode: 'apply' });
    expect(loadBalancers).toMatchObject([{ outcome: 'changed' }]);
    expect(await ready('iri_back')).toEqual(healthyIds(() => true));
    expect(await ready('iri_pow_back')).toEqual(healthyIds(({ pow }) => pow === true));
    expect(healthyIds(({ tls }) => tls === true)).toHaveLength(1);
  });

  it('leaves when it loses its sync, and comes back when it has it again', async () => {
    const [one] = nodes;
    if (!one) throw new Error('no nodes');
    one.node.setFault('unsynced');
    await waitForHealth(consul, one.id, 'critical');
    await runner.run({ mode: 'apply' });
    expect(await ready('iri_back')).toEqual(healthyIds(({ id }) => id !== one.id));
    const before = one.node.requests.length;
    const served = await requestAll();
    expect(served.every((status) => status === 200)).toBe(true);
    expect(one.node.requests.slice(before).filter(({ headers }) => headers['x-test'])).toEqual([]);

    one.node.setFault('healthy');
    await waitForHealth(consul, one.id, 'passing');
    await runner.run({ mode: 'apply' });
    expect(await ready('iri_back')).toEqual(healthyIds(() => true));
    await requestAll();
    expect(one.node.requests.some(({ headers }) => headers['x-test'])).toBe(true);
  });
});

/** As many requests as two rounds of the backend take; their statuses. */
async function requestAll(): Promise<number[]> {
  const statuses: number[] = [];
  for (let sent = 0; sent < 2 * healthyIds(() => true).length; sent += 1) {
    const reply = await fetch(`http://127.0.0.1:${front}`, {
      method: 'POST',
      headers: { 'X-IOTA-API-Version': '1', 'X-Test': '1' },
      body: JSON.stringify({ command: 'getNodeInfo' }),
    });
    await reply.arrayBuffer();
    statuses.push(reply.status);
  }
  return statuses;
}
