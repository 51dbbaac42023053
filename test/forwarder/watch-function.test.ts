// The built watch function: events that say the same are one run, and an event is waited for.
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type Finished,
  type LambdaEndpoint,
  startLambdaEndpoint,
} from '../../infra/local/lambda-endpoint.js';
import { waitFor } from '../../infra/local/wait-for.js';
import type { Report } from '../../lib/model/report.js';
import { type FaultProxy, startProxy } from '../consul/proxy.js';
import { client } from '../consul/rig.js';
import { startTap, type Tap } from '../haproxy/tap.js';
import { type Rig, startRig } from '../integration/rig.js';
import { BUILT_FORWARDER, startForwarder } from './process.js';

const NAME = 'iri-lb-watch';
const BUNDLE = fileURLToPath(new URL('../../dist/watch/index.mjs', import.meta.url));
const SERVER = 'irisrv 10.0.1.1:14265 w1 m0';

let rig: Rig;
let proxy: FaultProxy;
let tap: Tap;
let endpoint: LambdaEndpoint;
let finished: Finished[];
beforeEach(async () => {
  rig = await startRig();
  proxy = await startProxy(rig.consul.url);
  rig.harness.onClose(() => proxy.close());
  tap = await startTap(rig.haproxy.admin);
  rig.harness.onClose(() => tap.close());
  const env = { ...rig.env, CONSUL_HTTP_ADDR: proxy.url, HAPROXY_ADDRESSES: tap.address };
  finished = [];
  endpoint = await startLambdaEndpoint({
    functions: [{ name: NAME, bundle: BUNDLE, env }],
    onFinished: (entry) => finished.push(entry),
  });
  rig.harness.onClose(() => endpoint.close());
});
afterEach(() => rig?.harness.close());

const register = (n: number) =>
  rig.consul.catalogRegister([{ node: `node-${n}`, service: 'iri', address: `10.0.1.${n}`, port: 14265 }]);

const indexNow = async (): Promise<string> =>
  (await client([rig.consul.url], { token: rig.consul.token }).readService('iri')).index;

function reportOf({ ok, payload }: { readonly ok: boolean; readonly payload: string }): Report {
  if (!ok) throw new Error(payload);
  return JSON.parse(payload);
}

const ran = (entry: Finished): boolean => reportOf(entry).covered !== true;

test('three forwarders that send the same event cause one run', async () => {
  const forwarders = await Promise.all(
    [1, 2, 3].map(() => startForwarder(rig.harness, endpoint.url, BUILT_FORWARDER)),
  );
  await waitFor(() => finished.length === 3, { what: 'the events of the start' });
  expect(finished.map(ran)).toEqual([true, true, true]);
  for (const round of [1, 2]) {
    await register(round);
    const index = await indexNow();
    finished.length = 0;
    tap.clear();
    const statuses = await Promise.all(forwarders.map(({ post }) => post(Number(index))));
    expect(statuses).toEqual([202, 202, 202]);
    await waitFor(() => finished.length === 3, { what: 'three invocations' });
    expect(finished.map(({ event }) => event)).toEqual(Array(3).fill({ service: 'iri', index }));
    expect(finished.map(ran)).toEqual([true, false, false]);
    expect(finished.slice(1).map((entry) => reportOf(entry).consul.index)).toEqual([index, index]);
    // Who fills an empty pool looks once more, for a second process at the address.
    expect(tap.connections()).toBe(round === 1 ? 2 : 1);
    expect(await rig.ready('iri_back')).toHaveLength(round);
  }
});

test('an event that was covered says so only while Consul still says the same', async () => {
  await register(1);
  const index = await indexNow();
  const event = { service: 'iri', index };
  expect(reportOf(await endpoint.invoke(NAME, event)).covered).toBeUndefined();
  expect(reportOf(await endpoint.invoke(NAME, event)).covered).toBe(true);
  await register(2);
  tap.clear();
  expect(reportOf(await endpoint.invoke(NAME, event)).loadBalancers).toMatchObject([{ outcome: 'changed' }]);
  expect(tap.connections()).toBe(1);
});

test.each([
  ['nothing', {}],
  ['what the console sends as a test', { key1: 'value1', key2: 'value2', key3: 'value3' }],
  ['what a schedule sends', { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' }],
])('an event that says %s looks at all, each time', async (_, event) => {
  await register(1);
  expect(reportOf(await endpoint.invoke(NAME, event)).loadBalancers).toMatchObject([{ outcome: 'changed' }]);
  const again = reportOf(await endpoint.invoke(NAME, event));
  expect(again.covered).toBeUndefined();
  expect(again.loadBalancers).toMatchObject([{ outcome: 'unchanged' }]);
  expect(await rig.ready('iri_back')).toEqual([SERVER]);
});

test('an event that the Consul asked has not heard of yet is waited for, and then applied', async () => {
  await register(2);
  await endpoint.invoke(NAME, { service: 'iri', index: '0' });
  // The next change, of which another server has told already.
  const index = String(BigInt(await indexNow()) + 1n);
  const before = proxy.requests.length;
  const invoked = endpoint.invoke(NAME, { service: 'iri', index });
  const asked = () => proxy.requests.slice(before).some(({ url }) => /[?&]index=\d/.test(url));
  await waitFor(asked, { what: 'a blocking read', detail: () => JSON.stringify(finished) });
  await register(1);
  const report = reportOf(await invoked);
  expect(report.consul.warnings).toEqual([]);
  expect(BigInt(report.consul.index)).toBeGreaterThanOrEqual(BigInt(index));
  expect(await rig.ready('iri_back')).toContain(SERVER);
});

// As the drop-in of HAProxy's unit does after a start: `haproxy-state started` posts to the forwarder.
test('a HAProxy that was restarted is full again once the forwarder is told, with no change in Consul', async () => {
  const forwarder = await startForwarder(rig.harness, endpoint.url, BUILT_FORWARDER);
  await waitFor(() => finished.length === 1, { what: 'the event of the start' });
  await rig.consul.catalogRegister([
    { node: 'node-1', service: 'iri', address: '10.0.1.1', port: 14265, tags: ['haproxy.maxconn=7'] },
  ]);
  await forwarder.post(Number(await indexNow()));
  const full = async () => (await rig.ready('iri_back')).includes('irisrv 10.0.1.1:14265 w1 m7');
  await waitFor(full, { what: 'the instance to be ready' });

  await rig.haproxy.restart();
  expect(await rig.ready('iri_back')).toEqual([]);
  const answer = await fetch(`${forwarder.url}/notify`, { method: 'POST' });
  expect(answer.status).toBe(202);
  await waitFor(full, { what: 'the instance to be ready again' });
});
