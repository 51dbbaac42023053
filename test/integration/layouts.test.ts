// Any service in any backend: one plain web service, IPv6, and TLS that is verified or not, by real requests.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { startStandIn } from '../../infra/local/stand-in.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeRunner } from '../../lib/run/runner.js';
import { applyOnce } from './rig.js';

let harness: Harness;
let consul: Consul;

beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness);
});
afterAll(() => harness.close());

it('serves each node the way its tags say, over IPv4, IPv6 and TLS, and none that TLS does not vouch for', async () => {
  const trusted = await makeCertificate(harness.dir, 'trusted');
  const foreign = await makeCertificate(harness.dir, 'foreign');
  const nodes = await Promise.all([
    startStandIn({ name: 'plain4' }),
    startStandIn({ name: 'plain6', host: '::1' }),
    startStandIn({ name: 'verified', tls: trusted }),
    startStandIn({ name: 'unverified', tls: foreign }),
    startStandIn({ name: 'not-vouched-for', tls: foreign }),
  ]);
  for (const node of nodes) harness.onClose(() => node.close());
  const tags: Readonly<Record<string, readonly string[]>> = {
    verified: ['lb.scheme=https'],
    unverified: ['lb.scheme=https', 'lb.sslverify=0'],
    'not-vouched-for': ['lb.scheme=https', 'lb.sslverify=1'],
  };
  for (const { name, host, port } of nodes) {
    await consul.register({ Name: 'web', ID: name, Address: host, Port: port, Tags: tags[name] ?? [] });
  }

  const [adminPort, port] = [await harness.freePort(), await harness.freePort()];
  const slots = 4;
  const ranges = [
    { prefix: 'web', slots },
    { prefix: 'webtls', transport: 'verified' as const, slots },
    { prefix: 'webtlsnv', transport: 'unverified' as const, slots },
  ];
  const lines = ['retries 0'];
  const config = minimalConfig({
    backends: [{ name: 'web', ranges, port, lines }],
    adminPort,
    caFile: trusted.certFile,
  });
  const haproxy = await startHAProxy(harness, { config, adminPort });
  const runner = makeRunner(
    readSettings({
      CONSUL_HTTP_ADDR: consul.url,
      CONSUL_HTTP_TOKEN: consul.token,
      HAPROXY_ADDRESSES: haproxy.admin,
      LB_CONFIG: JSON.stringify({
        tagPrefix: 'lb',
        networks: LOCAL_NETWORKS,
        pools: [{ backend: 'web', service: 'web', ranges: ranges.map(({ slots: _, ...range }) => range) }],
      }),
    }),
  );
  const first = await applyOnce(runner);
  expect(first.only.error).toBeUndefined();
  expect(first.only.pools).toMatchObject([{ backend: 'web', ready: 5 }]);
  expect((await applyOnce(runner)).only.changes).toEqual([]);

  const answers: string[] = [];
  for (let request = 0; request < 10; request += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'X-IOTA-API-Version': '1', 'Content-Type': 'application/json', Connection: 'close' },
      body: '{"command":"getNodeInfo"}',
    });
    answers.push(response.headers.get('X-Node-Name') ?? String(response.status));
    await response.arrayBuffer();
  }
  expect(answers.sort()).toEqual(
    ['503', 'plain4', 'plain6', 'unverified', 'verified'].flatMap((name) => [name, name]),
  );
});
