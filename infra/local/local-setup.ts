// Everything on one machine: Consul, two HAProxies, sample nodes, forwarder, both functions and their schedule.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RenderConfig } from '../../lib/render/config.js';
import { renderConsulAgent } from '../../lib/render/consul/agent.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { type Consul, startConsul } from './consul.js';
import type { Child, Harness } from './harness.js';
import { type Finished, type LambdaEndpoint, startLambdaEndpoint } from './lambda-endpoint.js';
import { type LocalBalancer, startLoadBalancers } from './load-balancers.js';
import { type SampleNodes, startNodes } from './nodes.js';
import { startPage } from './page.js';
import { startParameterStore } from './parameter-store.js';
import { writeShellEnv } from './shell-env.js';
import { makeCertificate } from './stand-in-tls.js';

export interface LocalSetup {
  readonly consul: Consul;
  readonly loadBalancers: readonly LocalBalancer[];
  readonly nodes: SampleNodes;
  readonly lambda: LambdaEndpoint;
  readonly forwarder: Child;
  readonly forwarderUrl: string;
  /** What all of it runs, as on the first load balancer. */
  readonly config: RenderConfig;
  /** A file for `. FILE`, after which `iri-lb` asks this set-up; holds a token that may read. */
  readonly envFile: string;
  /** Where the page is. */
  readonly pageUrl: string;
}

export interface LocalOptions {
  /** What to run, as it would be elsewhere: it is moved to this machine. */
  readonly config: RenderConfig;
  /** Where `iri-lb changes` finds what changed. */
  readonly historyFile: string;
  readonly onFinished: (finished: Finished) => void;
  /** Told what the functions log. */
  readonly onLog: (line: string) => void;
}

const TOKEN_PARAMETER = '/iri-lb/consul-token';
const RESYNC_MS = 60_000;
/** What the SDK wants to see; the endpoints here do not look at it. */
const AWS = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const WATCH = 'iri-lb-watch';
export const RESYNC = 'iri-lb-resync';

/** Starts all of it, with no node in Consul yet. Whatever it starts ends with the harness. */
export async function startLocal(harness: Harness, options: LocalOptions): Promise<LocalSetup> {
  const forwarderPort = await harness.freePort(8401);
  const certificate = await makeCertificate(harness.dir, 'iri-node');
  const [consul, loadBalancers, nodes] = await Promise.all([
    startConsul(harness, { ports: { http: 8500, dns: 8600 }, scriptChecks: 'api' }),
    startLoadBalancers(harness, options.config, certificate),
    startNodes(harness, options.config, certificate),
  ]);
  const [first] = loadBalancers;
  if (!first) throw new Error('no load balancer was started');
  const { config } = first;

  const token = await consul.createPolicyToken(renderPolicy(config));
  const store = await startParameterStore({ [TOKEN_PARAMETER]: token });
  harness.onClose(() => store.close());

  const configFile = join(harness.dir, 'lb-config.json');
  writeFileSync(configFile, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  const env = {
    CONSUL_HTTP_ADDR: consul.url,
    HAPROXY_ADDRESSES: loadBalancers.map(({ haproxy }) => haproxy.admin).join(),
    LB_CONFIG: configFile,
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

  const forwarderUrl = `http://127.0.0.1:${forwarderPort}`;
  const forwarder = await harness.spawn(
    'forwarder',
    process.execPath,
    [bundle('forwarder.mjs'), '--listen', `127.0.0.1:${forwarderPort}`, '--function', WATCH],
    { env: { ...AWS, LB_CONFIG: env.LB_CONFIG, AWS_ENDPOINT_URL_LAMBDA: lambda.url } },
  );
  await forwarder.until(async () => (await fetch(`${forwarderUrl}/health`)).status > 0, {
    what: 'the forwarder to listen',
  });

  await consul.reconfigure(watchesWith(renderConsulAgent(config, { forwarderUrl }), token));
  const schedule = setInterval(() => void lambda.invoke(RESYNC, {}), RESYNC_MS);
  harness.onClose(() => clearInterval(schedule));

  const shellEnv = {
    ...env,
    HAPROXY_READ_ADDRESSES: loadBalancers.map(({ read }) => read).join(),
    CONSUL_HTTP_TOKEN: token,
    IRI_LB_HISTORY: options.historyFile,
  };
  const envFile = writeShellEnv(harness.dir, shellEnv, bundle('iri-lb.mjs'));
  const pageUrl = await startPage(harness, shellEnv);
  return { consul, loadBalancers, nodes, lambda, forwarder, forwarderUrl, config, envFile, pageUrl };
}

/** Consul's watches read with a token of their own here, so that anonymous requests still read nothing. */
function watchesWith(rendered: string, token: string): { watches: object[] } {
  const { watches } = JSON.parse(rendered) as { watches: object[] };
  return { watches: watches.map((watch) => ({ ...watch, token })) };
}

function bundle(path: string): string {
  return fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
}
