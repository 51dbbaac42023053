// A load balancer's host from the rendered files, its gateway, the forwarder and the built watch function.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, haproxyBin, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import {
  type Finished,
  type LambdaEndpoint,
  startLambdaEndpoint,
} from '../../infra/local/lambda-endpoint.js';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { waitFor } from '../../infra/local/wait-for.js';
import type { TlsFiles } from '../../lib/config/reading.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { type RenderConfig, renderConfigSchema } from '../../lib/render/config.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { renderSystemd } from '../../lib/render/systemd/render.js';
import { environmentFor } from '../forwarder/process.js';
import { root } from '../infra/example.js';
import { readyServers } from '../integration/rig.js';

const run = promisify(execFile);
const NAME = 'iri-lb-watch';
const timeouts = {
  connectTimeoutMs: 10_000,
  promptTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  totalTimeoutMs: 20_000,
};

let harness: Harness;
let config: RenderConfig;
let consul: Consul;
let haproxy: HAProxy;
let store: ParameterStore;
let endpoint: LambdaEndpoint;
let finished: Finished[];
let forwarderUrl: string;
/** `haproxy-state`, as the drop-in runs it. */
let state: (command: string) => Promise<unknown>;

beforeEach(async () => {
  harness = await startHarness();
  finished = [];
  const [front, gateway, forwarder] = [
    await harness.freePort(),
    await harness.freePort(),
    await harness.freePort(),
  ];
  forwarderUrl = `http://127.0.0.1:${forwarder}`;
  config = v.parse(renderConfigSchema, {
    ...iriLayout,
    haproxy: {
      frontend: { bind: `127.0.0.1:${front}` },
      stats: false,
      process: { user: null, group: null },
      admin: {
        bind: join(harness.dir, 'functions.sock'),
        unix: join(harness.dir, 'people.sock'),
        read: join(harness.dir, 'read.sock'),
      },
      log: { target: 'stderr' },
      stateFile: join(harness.dir, 'servers.state'),
      gateway: { bind: `127.0.0.1:${gateway}`, sources: ['127.0.0.1'], clientNames: ['iri-lb'] },
    },
  });
  state = (command) => run(join(harness.dir, 'bin', 'haproxy-state'), [command]);
  const files = installFiles();
  await state('prepare');
  [consul, haproxy] = await Promise.all([
    startConsul(harness),
    startHAProxy(harness, { config: renderHAProxy(config), adminPort: await harness.freePort() }),
  ]);
  await startFunction(gateway, await startGateway(gateway));
  const listen = /--listen (\S+)/m.exec(files.get('iri-lb-forwarder.service') ?? '')?.[1] ?? '';
  const child = await harness.spawn(
    'forwarder',
    process.execPath,
    [join(root, 'dist', 'forwarder.mjs'), ...['--listen', listen]],
    { env: environmentFor(endpoint.url) },
  );
  await child.until(() => finished.length === 1, { what: "the run of the forwarder's start" });
});
afterEach(() => harness?.close());

/** Puts the rendered files under the harness's folder; their texts by name. */
function installFiles(): ReadonlyMap<string, string> {
  const files = renderSystemd(config, {
    home: harness.dir,
    etc: join(harness.dir, 'etc'),
    forwarderUrl,
  });
  for (const { path, mode, text } of files.filter(({ path }) => path.startsWith(harness.dir))) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: Number.parseInt(mode, 8) });
  }
  return new Map(files.map(({ path, text }) => [path.slice(path.lastIndexOf('/') + 1), text]));
}

/** As its unit starts it; the certificates that a function needs. */
async function startGateway(port: number): Promise<Required<TlsFiles>> {
  const server = await makeCertificate(harness.dir, 'gateway');
  const client = await makeCertificate(harness.dir, 'iri-lb');
  writeFileSync(join(harness.dir, 'server.pem'), server.cert + server.key);
  writeFileSync(join(harness.dir, 'ca.pem'), client.cert);
  const args = ['-db', '-f', join(harness.dir, 'etc', 'gateway.cfg')];
  const gateway = await harness.spawn('gateway', haproxyBin(), args, {
    env: { CREDENTIALS_DIRECTORY: harness.dir },
  });
  const files = { ca: server.cert, cert: client.cert, key: client.key };
  const address = { kind: 'tls', host: '127.0.0.1', port } as const;
  const connects = async (): Promise<boolean> => {
    await (await connectRuntime(address, { ...timeouts, tls: files })).close();
    return true;
  };
  await gateway.until(connects, { what: 'the gateway to listen' });
  return files;
}

/** The function, on an endpoint that the forwarder knows; it has everything secret from the parameter store. */
async function startFunction(port: number, { ca, cert, key }: Required<TlsFiles>): Promise<void> {
  store = await startParameterStore({
    '/iri-lb/consul-token': await consul.createPolicyToken(renderPolicy(config)),
    '/iri-lb/haproxy-ca': ca,
    '/iri-lb/haproxy-client-cert': cert,
    '/iri-lb/haproxy-client-key': key,
  });
  harness.onClose(() => store.close());
  const env = {
    CONSUL_HTTP_ADDR: consul.url,
    CONSUL_HTTP_TOKEN_PARAMETER: '/iri-lb/consul-token',
    HAPROXY_ADDRESSES: `tls://127.0.0.1:${port}`,
    HAPROXY_CACERT: 'ssm:/iri-lb/haproxy-ca',
    HAPROXY_CLIENT_CERT: 'ssm:/iri-lb/haproxy-client-cert',
    HAPROXY_CLIENT_KEY: 'ssm:/iri-lb/haproxy-client-key',
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const bundle = join(root, 'dist', 'watch', 'index.mjs');
  endpoint = await startLambdaEndpoint({
    functions: [{ name: NAME, bundle, env }],
    onFinished: (entry) => finished.push(entry),
  });
  harness.onClose(() => endpoint.close());
}

const ready = (): Promise<string[]> => readyServers(haproxy, 'iri_back');

/** What is ready when this many runs have ended, the last of them well. */
async function readyAfter(runs: number): Promise<string[]> {
  await waitFor(() => finished.length === runs, { what: `${runs} runs` });
  expect(finished.at(-1)).toMatchObject({ ok: true });
  return ready();
}

test('a restarted HAProxy is full again at once: by the saved state, and the rest by the function', async () => {
  await consul.catalogRegister([
    { node: 'node-1', service: 'iri', address: '10.0.1.1', port: 14265, tags: ['haproxy.maxconn=7'] },
    { node: 'node-2', service: 'iri', address: '10.0.1.2', port: 14265, tags: ['haproxy.weight=5'] },
  ]);
  await fetch(`${forwarderUrl}/notify`, { method: 'POST' });
  const full = ['irisrv 10.0.1.1:14265 w1 m7', 'irisrv 10.0.1.2:14265 w5 m0'];
  expect(await readyAfter(2)).toEqual(full);
  // One token, three certificates, for all that follows.
  expect(store.requests).toBe(4);

  // `systemctl restart`: the state has all but maxconn.
  await state('save');
  await state('prepare');
  await haproxy.restart();
  expect(await ready()).toEqual(full.map((server) => server.replace('m7', 'm0')));
  await state('started');
  expect(await readyAfter(3)).toEqual(full);

  // A crash: nothing was saved, and what was saved before is not true any more.
  await state('prepare');
  await haproxy.restart();
  expect(await ready()).toEqual([]);
  await state('started');
  expect(await readyAfter(4)).toEqual(full);
  expect(store.requests).toBe(4);
});
