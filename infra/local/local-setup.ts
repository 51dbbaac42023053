// Everything on one machine: Consul, HAProxy, sample nodes, forwarder, both functions and their schedule.
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { iriLayout } from '../../lib/iri/layout.js';
import { type RenderConfig, renderConfigSchema } from '../../lib/render/config.js';
import { renderConsulAgent } from '../../lib/render/consul/agent.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { type Consul, startConsul } from './consul.js';
import { type HAProxy, startHAProxy } from './haproxy.js';
import type { Child, Harness } from './harness.js';
import { type Finished, type LambdaEndpoint, startLambdaEndpoint } from './lambda-endpoint.js';
import { LOCAL_NETWORKS } from './networks.js';
import { type SampleNodes, startNodes } from './nodes.js';
import { startParameterStore } from './parameter-store.js';

export interface LocalSetup {
  readonly consul: Consul;
  readonly haproxy: HAProxy;
  readonly nodes: SampleNodes;
  readonly lambda: LambdaEndpoint;
  readonly forwarder: Child;
  readonly forwarderUrl: string;
  readonly apiUrl: string;
  readonly statsUrl: string;
  /** As `iri-lb` takes it, to run the command line against this set-up; holds the local token. */
  readonly env: Readonly<Record<string, string>>;
}

export interface LocalOptions {
  readonly onFinished: (finished: Finished) => void;
  /** Told what the functions log. */
  readonly onLog: (line: string) => void;
}

const TOKEN_PARAMETER = '/iri-lb/consul-token';
const RESYNC_MS = 60_000;
/** What the SDK wants to see; the endpoints here do not look at it. */
const AWS = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const WATCH = 'iri-lb-watch';
const RESYNC = 'iri-lb-resync';

/** Starts all of it, with no node in Consul yet. Whatever it starts ends with the harness. */
export async function startLocal(harness: Harness, options: LocalOptions): Promise<LocalSetup> {
  const ports = {
    admin: await harness.freePort(9999),
    api: await harness.freePort(14267),
    stats: await harness.freePort(9292),
    forwarder: await harness.freePort(8401),
  };
  const config = localConfig(ports);
  const [consul, haproxy, nodes] = await Promise.all([
    startConsul(harness, { ports: { http: 8500, dns: 8600 }, scriptChecks: 'api' }),
    startHAProxy(harness, { config: renderHAProxy(config), adminPort: ports.admin }),
    startNodes(harness),
  ]);

  const token = await consul.createPolicyToken(renderPolicy(config));
  const store = await startParameterStore({ [TOKEN_PARAMETER]: token });
  harness.onClose(() => store.close());

  const env = {
    CONSUL_HTTP_ADDR: consul.url,
    HAPROXY_ADDRESSES: haproxy.admin,
    LB_CONFIG: JSON.stringify({ ...iriLayout, networks: LOCAL_NETWORKS }),
  };
  const functionEnv = {
    ...env,
    ...AWS,
    CONSUL_HTTP_TOKEN_PARAMETER: TOKEN_PARAMETER,
    AWS_ENDPOINT_URL_SSM: store.url,
  };
  const functionOf = (name: string, folder: string) => ({
    name,
    bundle: bundle(`${folder}/index.mjs`),
    env: functionEnv,
    onOutput: options.onLog,
  });
  const lambda = await startLambdaEndpoint({
    functions: [functionOf(WATCH, 'watch'), functionOf(RESYNC, 'resync')],
    onFinished: options.onFinished,
  });
  harness.onClose(() => lambda.close());

  const forwarderUrl = `http://127.0.0.1:${ports.forwarder}`;
  const forwarder = await harness.spawn(
    'forwarder',
    process.execPath,
    [bundle('forwarder.mjs'), '--listen', `127.0.0.1:${ports.forwarder}`, '--function', WATCH],
    { env: { ...AWS, LB_CONFIG: env.LB_CONFIG, AWS_ENDPOINT_URL_LAMBDA: lambda.url } },
  );
  await forwarder.until(async () => (await fetch(`${forwarderUrl}/health`)).status > 0, {
    what: 'the forwarder to listen',
  });

  await consul.reconfigure(watchesWith(renderConsulAgent(config, { forwarderUrl }), token));
  const schedule = setInterval(() => void lambda.invoke(RESYNC, {}), RESYNC_MS);
  harness.onClose(() => clearInterval(schedule));

  return {
    consul,
    haproxy,
    nodes,
    lambda,
    forwarder,
    forwarderUrl,
    apiUrl: `http://127.0.0.1:${ports.api}`,
    statsUrl: `http://127.0.0.1:${ports.stats}`,
    env: { ...env, CONSUL_HTTP_TOKEN: token },
  };
}

/** The IRI layout on loopback, checked by HAProxy every 2 s so that the stats page follows at once. */
function localConfig(ports: { admin: number; api: number; stats: number }): RenderConfig {
  return v.parse(renderConfigSchema, {
    ...iriLayout,
    networks: LOCAL_NETWORKS,
    haproxy: {
      frontend: { bind: `127.0.0.1:${ports.api}` },
      admin: { bind: `127.0.0.1:${ports.admin}`, unix: null, read: null },
      stats: { bind: `127.0.0.1:${ports.stats}` },
      process: { user: null, group: null },
      servers: { balance: 'leastconn', healthCheck: { intervalSeconds: 2, downIntervalSeconds: 2 } },
      log: { target: 'stdout' },
    },
  });
}

/** Consul's watches read with a token of their own here, so that anonymous requests still read nothing. */
function watchesWith(rendered: string, token: string): { watches: object[] } {
  const { watches } = JSON.parse(rendered) as { watches: object[] };
  return { watches: watches.map((watch) => ({ ...watch, token })) };
}

function bundle(path: string): string {
  return fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
}
