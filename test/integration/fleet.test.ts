// Several load balancers in one run: each fails alone, and what Consul lists is what is served.

import { createServer as createHttpServer } from 'node:http';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { readSettings } from '../../lib/config/environment.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { makeRunner } from '../../lib/run/runner.js';
import { iriBackends, type Rig, readyServers, startRig } from './rig.js';

/** Far below what a run may take otherwise, so that a run that waits for more shows in its report. */
const LOCK_MS = 2_000;
const ANSWER_MS = 2_500;

let rig: Rig;
let others: readonly HAProxy[];

beforeAll(async () => {
  rig = await startRig();
  others = [await startOther(iriBackends(8)), await startOther(iriBackends(8))];
  await rig.consul.catalogRegister([1, 2, 3].map((at) => instance(`10.0.0.${at}`)));
});
afterAll(() => rig.harness.close());

const instance = (address: string) => ({
  node: `node-of-${address}`,
  service: 'iri',
  id: address,
  address,
  port: 14265,
});

async function startOther(backends: ReturnType<typeof iriBackends>): Promise<HAProxy> {
  const adminPort = await rig.harness.freePort();
  return startHAProxy(rig.harness, { config: minimalConfig({ backends, adminPort }), adminPort });
}

/** A TCP server that is no working HAProxy, as `HAPROXY_ADDRESSES` takes it. */
async function listen(server: net.Server): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  rig.harness.onClose(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

/** Runs once against these addresses. Returns what came of each, with its error, by address. */
async function applyTo(addresses: readonly string[], config: object = {}): Promise<Map<string, string>> {
  const settings = readSettings({
    ...rig.env,
    HAPROXY_ADDRESSES: addresses.join(','),
    LB_CONFIG: JSON.stringify({
      ...iriLayout,
      networks: LOCAL_NETWORKS,
      lockTimeoutMs: LOCK_MS,
      answerTimeoutMs: ANSWER_MS,
      ...config,
    }),
  });
  const report = await makeRunner(settings).run({ mode: 'apply' });
  return new Map(
    report.loadBalancers.map(({ address, outcome, error }) => [
      address,
      error === undefined ? outcome : `${outcome}: ${error}`,
    ]),
  );
}

describe.each([
  { name: 'all at once', config: {} },
  { name: 'one at a time', config: { concurrency: 1 } },
])('load balancers that fail, served $name', ({ config }) => {
  let outcomes: ReadonlyMap<string, string>;
  const bad = { down: '', hung: '', mute: '', http: '', lacking: '' };

  beforeAll(async () => {
    await Promise.all([rig.haproxy, ...others].map((haproxy) => haproxy.restart()));
    bad.down = `tcp://127.0.0.1:${await rig.harness.freePort()}`;
    const hung = await startOther(iriBackends(8));
    hung.child.signal('SIGSTOP');
    rig.harness.onClose(() => hung.stop(true));
    bad.hung = hung.admin;
    bad.mute = await listen(net.createServer((socket) => socket.once('data', () => socket.write('\n> '))));
    bad.http = await listen(createHttpServer((_, response) => response.end('hello')));
    const [first] = iriBackends(8);
    bad.lacking = (await startOther(first ? [first] : [])).admin;
    const [second, third] = others.map(({ admin }) => admin);
    outcomes = await applyTo(
      [bad.down, bad.hung, rig.haproxy.admin, bad.mute, second ?? '', bad.http, bad.lacking, third ?? ''],
      config,
    );
  });

  it('are each named in the report with what is wrong and what to look at', () => {
    expect(outcomes.get(bad.down)).toMatch(
      /^failed: haproxy tcp:\S+: cannot connect \(connect ECONNREFUSED \S+\); is HAProxy up/,
    );
    expect(outcomes.get(bad.http)).toMatch(
      /^failed: haproxy tcp:\S+: answered "HTTP\/1\.1 400 .*not a prompt/,
    );
    expect(outcomes.get(bad.lacking)).toMatch(
      /^failed: haproxy tcp:\S+: has no backend iri_pow_back; declare it/,
    );
  });

  it('cost their deadline and no more, and are said to have', () => {
    expect(outcomes.get(bad.hung)).toBe(
      `failed: haproxy ${bad.hung}: no prompt within ${LOCK_MS} ms; is another client holding the socket, or is it no admin socket?`,
    );
    expect(outcomes.get(bad.mute)).toMatch(
      new RegExp(
        `^failed: haproxy tcp:\\S+: no answer to "set severity-output none" within ${ANSWER_MS} ms$`,
      ),
    );
  });

  it('keep nothing from the others', async () => {
    for (const haproxy of [rig.haproxy, ...others]) {
      expect(outcomes.get(haproxy.admin)).toBe('changed');
      expect(await readyServers(haproxy, 'iri_back')).toEqual([
        'irisrv 10.0.0.1:14265 w1 m0',
        'irisrv 10.0.0.2:14265 w1 m0',
        'irisrv 10.0.0.3:14265 w1 m0',
      ]);
    }
  });
});

it('load balancers that hang take no time from one that does not, in whatever order', async () => {
  const lockTimeoutMs = 2_000;
  const budgetMs = 5_000;
  const silent = await Promise.all([1, 2, 3, 4].map(() => listen(net.createServer())));
  await rig.haproxy.restart();
  // Its other socket: unix sorts after tcp.
  const last = `unix:${join(dirname(rig.haproxy.configFile), 'query.sock')}`;
  const settings = readSettings({
    ...rig.env,
    HAPROXY_ADDRESSES: [last, ...silent].join(','),
    LB_CONFIG: JSON.stringify({ ...iriLayout, networks: LOCAL_NETWORKS, lockTimeoutMs, concurrency: 1 }),
  });
  // One after the other they would take 8 s.
  const report = await makeRunner(settings).run({ mode: 'apply', budgetMs });
  const outcomes = new Map(report.loadBalancers.map(({ address, outcome }) => [address, outcome]));
  expect(silent.map((address) => outcomes.get(address))).toEqual(Array(4).fill('failed'));
  expect(outcomes.get(last)).toBe('changed');
});

describe('load balancers listed in Consul', () => {
  const register = (haproxy: HAProxy, node: string) =>
    rig.consul.catalogRegister([
      { node, service: 'haproxy', address: '127.0.0.1', port: Number(new URL(haproxy.admin).port) },
    ]);
  const [lbOne, lbTwo] = ['lb-1', 'lb-2'];
  beforeEach(() => Promise.all([rig.haproxy, ...others].map((haproxy) => haproxy.restart())));

  it('are served, from the run after they came to the run before they left', async () => {
    const [second = rig.haproxy] = others;
    await register(rig.haproxy, lbOne);
    expect([...(await applyTo(['consul:haproxy'])).keys()]).toEqual([rig.haproxy.admin]);

    await register(second, lbTwo);
    const both = await applyTo(['consul:haproxy']);
    expect(both.get(rig.haproxy.admin)).toBe('unchanged');
    expect(both.get(second.admin)).toBe('changed');

    await rig.consul.catalogDeregister([{ node: lbOne, id: 'haproxy' }]);
    expect([...(await applyTo(['consul:haproxy'])).keys()]).toEqual([second.admin]);
    expect(await readyServers(rig.haproxy, 'iri_back')).toHaveLength(3);
  });

  it('may be named beside others that are given', async () => {
    const [second = rig.haproxy, third = rig.haproxy] = others;
    await register(second, lbTwo);
    const reports = await applyTo([third.admin, 'consul:haproxy', third.admin]);
    expect([...reports.keys()].sort()).toEqual([second.admin, third.admin].sort());
    expect([...reports.values()]).toEqual(['changed', 'changed']);
  });
});
