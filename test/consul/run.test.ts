// Whole runs on a real HAProxy, Consul and SSM client, while token or catalog cannot be trusted.

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_CONFIG } from '../../infra/local/networks.js';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { readSettings, type Settings } from '../../lib/config/environment.js';
import { failuresOf, type Report } from '../../lib/model/report.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import { type FaultProxy, startProxy } from './proxy.js';
import { heard } from './rig.js';

const PARAMETER = '/iri-lb/token';
const INSTANCES = 100;
const AWS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const LOCAL = { LB_CONFIG: LOCAL_CONFIG };
const { config } = readSettings(LOCAL);
const before = { ...process.env };
const secrets: string[] = [];
let harness: Harness;
let consul: Consul;
let haproxy: HAProxy;
let proxy: FaultProxy;
let store: ParameterStore;
let token: string;
let runner: Runner;

const instances = Array.from({ length: INSTANCES }, (_, n) => ({
  node: `node-${n}`,
  service: 'iri',
  address: `127.0.1.${n + 1}`,
  port: 14265,
}));

beforeAll(async () => {
  harness = await startHarness();
  const adminPort = await harness.freePort();
  const backends = config.pools.map(({ backend, ranges }) => ({
    name: backend,
    ranges: ranges.map(({ prefix, transport }) => ({ prefix, transport, slots: INSTANCES + 10 })),
  }));
  consul = await startConsul(harness);
  haproxy = await startHAProxy(harness, { adminPort, config: minimalConfig({ adminPort, backends }) });
  proxy = await startProxy(consul.url);
  harness.onClose(() => proxy.close());
  store = await startParameterStore();
  harness.onClose(() => store.close());
  Object.assign(process.env, AWS, { AWS_ENDPOINT_URL_SSM: store.url });
});
afterAll(async () => {
  process.env = before;
  await harness?.close();
  for (const secret of [consul.token, ...secrets]) expect(heard.join('\n')).not.toContain(secret);
});

/** A token with the rendered policy, in the parameter store and nowhere else. */
async function rotate(): Promise<void> {
  token = await consul.createPolicyToken(renderPolicy(config));
  secrets.push(token);
  store.set(PARAMETER, token);
}

const settingsOf = ({ url }: FaultProxy): Settings =>
  readSettings({
    CONSUL_HTTP_ADDR: url,
    CONSUL_HTTP_TOKEN_PARAMETER: PARAMETER,
    HAPROXY_ADDRESSES: haproxy.admin,
    ...LOCAL,
  });

/** A fresh environment, and all instances in rotation. */
beforeEach(async () => {
  proxy.fault(() => undefined);
  await rotate();
  await consul.catalogRegister(instances);
  runner = makeRunner(settingsOf(proxy), (line) => heard.push(line));
  expect(failuresOf(await run())).toEqual([]);
  expect(await ready()).toBe(INSTANCES);
});

/** Reports and errors are heard: no secret may be in them. */
async function run(): Promise<Report> {
  const report = await runner.run({ mode: 'apply' });
  heard.push(inspect(report, { depth: null, showHidden: true }));
  return report;
}

/** Servers of the default backend that are in rotation, as HAProxy says. */
async function ready(): Promise<number> {
  const listing = await haproxy.query('show servers state iri_back');
  return listing.split('\n').filter((line) => /^\d/.test(line) && line.split(' ')[5] === '2').length;
}

/** What a failed run says; nothing may have left rotation. */
async function failedRun(): Promise<string> {
  const [failure, ...others] = failuresOf(await run());
  expect(others).toEqual([]);
  expect(await ready()).toBe(INSTANCES);
  return failure ?? '';
}

describe('no slot leaves rotation, and the run says why, when the token', () => {
  // Consul answers as if an expired token had been deleted (expired.test.ts: its shortest life is a minute).
  test('was withdrawn, or has expired', async () => {
    await consul.deleteToken(token);
    expect(await failedRun()).toMatch(/403 "ACL not found"; check the token in parameter \/iri-lb\/token/);
  });

  test('is mistyped', async () => {
    await consul.deleteToken(token);
    store.set(PARAMETER, randomUUID());
    expect(await failedRun()).toMatch(/403 "ACL not found"; check the token in parameter \/iri-lb\/token/);
  });

  test('is missing from the store', async () => {
    await consul.deleteToken(token);
    store.set(PARAMETER, undefined);
    expect(await failedRun()).toMatch(/403 "ACL not found".*parameter \/iri-lb\/token: not found/);
  });

  const service = 'service "iri" { policy = "read" }';
  test.each([
    ['its policy: Consul answers an empty list then', 'key "x" { policy = "read" }', /not read service iri/],
    ['the right to read nodes: Consul answers an empty list then too', service, /not read every node/],
    [
      'that right for all nodes but one',
      `${service} node "node-1" { policy = "read" }`,
      /not read every node/,
    ],
  ])('was stripped of %s', async (_, rules, words) => {
    const stripped = await consul.createPolicyToken(rules);
    secrets.push(stripped);
    await consul.deleteToken(token);
    store.set(PARAMETER, stripped);
    expect(await failedRun()).toMatch(words);
  });

  test('is none, where nobody says so: only reads get through to Consul', async () => {
    const isQuestion = (url: string): boolean => url.startsWith('/v1/internal/acl/authorize');
    proxy.fault(({ url }) => (isQuestion(url) ? { kind: 'status', status: 405 } : undefined));
    runner = makeRunner(
      readSettings({ CONSUL_HTTP_ADDR: proxy.url, HAPROXY_ADDRESSES: haproxy.admin, ...LOCAL }),
    );
    expect(await failedRun()).not.toMatch(/acl\/authorize|token/);
    runner = makeRunner(settingsOf(proxy));
  });

  // No restart: the same runner, which keeps the token that it has for five minutes.
  afterEach(async () => {
    await rotate();
    expect(failuresOf(await run())).toEqual([]);
    expect(await ready()).toBe(INSTANCES);
  });
});

test('a token that was rotated loses no run', async () => {
  const old = token;
  await rotate();
  await consul.deleteToken(old);
  expect(failuresOf(await run())).toEqual([]);
});

describe('an empty catalog', () => {
  const empty = { kind: 'body', body: '[]' } as const;
  const isRead = (url: string): boolean => url.startsWith('/v1/health/service/');

  test('told once, in place of 100 instances, removes none', async () => {
    let told = false;
    proxy.fault(({ url }) => {
      if (told || !isRead(url)) return undefined;
      told = true;
      return empty;
    });
    await run();
    expect(told).toBe(true);
    expect(await ready()).toBe(INSTANCES);
  });

  test('told by both reads, removes none until that is forced', async () => {
    proxy.fault(({ url }) => (isRead(url) ? empty : undefined));
    expect(await failedRun()).toMatch(/lists no instance of service iri any more; is the name right/);
  });

  test.each<[string, Record<string, string>]>([
    ['with results left out', { 'x-consul-results-filtered-by-acls': 'true' }],
    ['with no known leader', { 'x-consul-knownleader': 'false' }],
  ])('%s, removes none, and the run fails', async (_, headers) => {
    await consul.catalogDeregister(instances.map(({ node }) => ({ node, id: 'iri' })));
    proxy.fault(({ url }) => (isRead(url) ? { kind: 'headers', headers } : undefined));
    expect(await failedRun()).toMatch(/X-Consul-(Results-Filtered-By-ACLs|KnownLeader)/);
  });

  test.each(['cut', 'stall', 'close'] as const)('is not what a broken answer is (%s)', async (kind) => {
    proxy.fault(() => ({ kind }));
    runner = makeRunner({ ...settingsOf(proxy), config: { ...config, consulTimeoutMs: 1_000 } }, (line) =>
      heard.push(line),
    );
    expect(await failedRun()).toContain(`consul: service iri: ${proxy.url}: `);
  });
});
