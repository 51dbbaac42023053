// A list of load balancers that may lack one: those that are known are served, and the run fails.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readSettings } from '../../lib/config/environment.js';
import { discoverLoadBalancers } from '../../lib/consul/discovery.js';
import { makeTokenSource } from '../../lib/consul/token.js';
import { parseAdminAddress } from '../../lib/model/admin-address.js';
import { failuresOf } from '../../lib/model/report.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { makeRunner } from '../../lib/run/runner.js';
import { readFleet } from '../../lib/run/status.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { metricsOf } from '../../lib/telemetry/metrics.js';
import { type Rig, startRig } from '../integration/rig.js';
import { type Fault, type FaultProxy, startProxy } from './proxy.js';
import { client, failure } from './rig.js';

const SERVICE = 'haproxy';
const LIST = `/v1/health/service/${SERVICE}`;
const OTHER = { node: 'lb-2', service: SERVICE, address: '10.0.0.2', port: 9999 };
let rig: Rig;
let proxy: FaultProxy;
let turn = 0;

beforeAll(async () => {
  rig = await startRig();
  proxy = await startProxy(rig.consul.url);
  rig.harness.onClose(() => proxy.close());
  const port = Number(new URL(rig.haproxy.admin).port);
  await rig.consul.catalogRegister([{ node: 'lb-1', service: SERVICE, address: '127.0.0.1', port }]);
});
afterAll(() => rig?.harness.close());

/** Something to do for every run. */
beforeEach(async () => {
  turn += 1;
  await rig.consul.catalogRegister([
    { node: `node-${turn}`, service: 'iri', address: `10.0.1.${turn}`, port: 14265 },
  ]);
});
afterEach(() => proxy.fault(() => undefined));

const runnerWith = (token: string) =>
  makeRunner(
    readSettings({
      CONSUL_HTTP_ADDR: proxy.url,
      CONSUL_HTTP_TOKEN: token,
      HAPROXY_ADDRESSES: `consul:${SERVICE}`,
    }),
  );

/** The one failure of a run that has brought HAProxy up to date all the same. */
async function servedAndFailed(token = rig.consul.token): Promise<string> {
  const runner = runnerWith(token);
  const report = await runner.run({ mode: 'apply' });
  expect(report.loadBalancers).toMatchObject([{ address: rig.haproxy.admin, outcome: 'changed' }]);
  expect((await rig.ready('iri_back')).join()).toContain(`10.0.1.${turn}:14265`);
  const failures = failuresOf(report);
  expect(failures).toHaveLength(1);
  expect((await readFleet(runner)).consul.error).toContain(failures[0]);
  const context = { requestId: '1', functionName: 'f', coldStart: false };
  expect(metricsOf(report, { namespace: 'n', context, now: 0, elapsedMs: 0 })[0]).toMatchObject({
    Succeeded: 0,
  });
  return failures[0] ?? '';
}

const onTheList = (fault: Fault): void =>
  proxy.fault(({ url }) => (url.startsWith(LIST) ? fault : undefined));

test.each<[string, Record<string, string>, RegExp]>([
  ['with results left out', { 'x-consul-results-filtered-by-acls': 'true' }, /may not read/],
])('%s', async (_, headers, words) => {
  onTheList({ kind: 'headers', headers });
  const error = await servedAndFailed();
  expect(error).toMatch(/^consul: service haproxy: not every load balancer is known: /);
  expect(error).toMatch(words);
});

test('from a server that knows no leader is no list at all', async () => {
  onTheList({ kind: 'headers', headers: { 'x-consul-knownleader': 'false' } });
  expect(await failure(runnerWith(rig.consul.token).run({ mode: 'apply' }))).toContain('knows no leader');
});

test('with a row that makes no sense', async () => {
  const rows = await rig.consul.request('GET', LIST);
  onTheList({ kind: 'body', body: JSON.stringify([...(Array.isArray(rows) ? rows : []), { Node: 'junk' }]) });
  expect(await servedAndFailed()).toContain("row 1 of Consul's answer: no Node and Service; not understood");
});

test('with a registration that has no port', async () => {
  await rig.consul.catalogRegister([{ ...OTHER, port: 0 }]);
  expect(await servedAndFailed()).toContain('load balancer lb-2/haproxy: "0" is no port; left out');
  await rig.consul.catalogDeregister([{ node: OTHER.node, id: SERVICE }]);
});

/** May read both services, and of the nodes the instances' and the first load balancer's alone. */
const BLIND = `service_prefix "" { policy = "read" }
node_prefix "node-" { policy = "read" }
node "lb-1" { policy = "read" }`;

test('with a token that may not read the node of one, of which Consul says nothing', async () => {
  await rig.consul.catalogRegister([OTHER]);
  const error = await servedAndFailed(await rig.consul.createPolicyToken(BLIND));
  expect(error).toContain('may not read every node');
  await rig.consul.catalogDeregister([{ node: OTHER.node, id: SERVICE }]);
});

test('is whole again with the token that was put in the place of that one', async () => {
  const configured = [parseAdminAddress(`consul:${SERVICE}`)].flatMap((entry) => entry ?? []);
  const rules = renderPolicy(readSettings({}).config, { loadBalancers: configured });
  const secrets = [await rig.consul.createPolicyToken(BLIND), await rig.consul.createPolicyToken(rules)];
  const fetch = async (): Promise<string> => secrets.shift() ?? '';
  const token = makeTokenSource(
    { addresses: [], tls: {}, tokenParameter: '/iri-lb/token' },
    { clock: systemClock, fetch },
  );
  await rig.consul.catalogRegister([OTHER]);
  const found = await discoverLoadBalancers(client([proxy.url], { token }), configured);
  expect(found.addresses).toHaveLength(2);
  expect(found.problems).toEqual([]);
  await rig.consul.catalogDeregister([{ node: OTHER.node, id: SERVICE }]);
});

test('that is empty, by a token that may not read it, is no list at all', async () => {
  const token = await rig.consul.createPolicyToken('node_prefix "" { policy = "read" }');
  const failed = await failure(runnerWith(token).run({ mode: 'apply' }));
  expect(failed).toMatch(
    /^ConsulError: consul: service haproxy: no load balancer is registered; .*may not read service haproxy/,
  );
});
