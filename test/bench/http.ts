// From registration in Consul to ready in HAProxy through dist/http.mjs, next to the local Lambda endpoint.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import type { HAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { startLambdaEndpoint } from '../../infra/local/lambda-endpoint.js';
import { readSettings } from '../../lib/config/environment.js';
import { renderConsulAgent } from '../../lib/render/consul/agent.js';
import { APART_MS, AWS, INSTANCES, startSlots, untilReady } from './latency.js';
import { type Part, rowBeside, rowOf, timed } from './measure.js';

/** What the adapter may take of the endpoint's time. */
const TARGET = 1.1;

type Environment = Readonly<Record<string, string>>;

/** A service, and the load balancer that its own forwarder keeps right. */
interface Chain {
  readonly service: string;
  readonly haproxy: HAProxy;
}

/** `dist` holds the built bundles. Each chain has a service, a forwarder and a HAProxy of its own. */
export async function benchHttp(harness: Harness, dist: string): Promise<Part> {
  const consul = await startConsul(harness, { acls: false });
  const forward = (service: string, env: Environment, args: readonly string[]) =>
    startForwarder(harness, consul, dist, { service, env, args });
  const start = async (service: string, serve: (env: Environment) => Promise<void>): Promise<Chain> => {
    const haproxy = await startSlots(harness);
    await serve(environmentOf(service, consul, haproxy));
    return { service, haproxy };
  };
  const lambda = await start('by-lambda', async (env) => {
    const functions = [{ name: 'watch', bundle: `${dist}/watch/index.mjs`, env }];
    const endpoint = await startLambdaEndpoint({ functions });
    harness.onClose(() => endpoint.close());
    await forward('by-lambda', { ...env, ...AWS, AWS_ENDPOINT_URL_LAMBDA: endpoint.url }, [
      '--function',
      'watch',
    ]);
  });
  const http = await start('by-http', async (env) => {
    const PORT = String(await harness.freePort());
    const url = `http://127.0.0.1:${PORT}`;
    const child = await harness.spawn('http', process.execPath, [`${dist}/http.mjs`], {
      env: { ...env, PORT },
    });
    await child.until(async () => (await fetch(`${url}/live`)).ok, { what: 'the adapter to listen' });
    await forward('by-http', env, ['--target', url]);
  });

  const from = async ({ service, haproxy }: Chain, at: number): Promise<number> => {
    const address = `10.2.0.${at}`;
    await sleep(APART_MS);
    return timed(async () => {
      await consul.register({ Name: service, ID: `${service}-${at}`, Address: address, Port: 14265 });
      await untilReady(haproxy, address);
    });
  };
  // The first of each starts the function and opens what is opened once.
  for (const chain of [lambda, http]) await from(chain, INSTANCES + 1);
  const times: Record<'lambda' | 'http', number[]> = { lambda: [], http: [] };
  for (let at = 1; at <= INSTANCES; at += 1) {
    // In turn, so that neither is always the one that comes after the other.
    const pair = [['lambda', lambda] as const, ['http', http] as const];
    for (const [name, chain] of at % 2 === 0 ? pair : pair.reverse()) times[name].push(await from(chain, at));
  }
  const row = rowOf('watch, forwarder, dist/http.mjs', 'ms', times.http);
  return {
    title: `registered to ready, ${INSTANCES} one by one, ${APART_MS} ms apart`,
    rows: [
      rowOf('watch, forwarder, local Lambda endpoint', 'ms', times.lambda),
      rowBeside(row, times.http, 'the local Lambda endpoint', times.lambda, TARGET),
    ],
  };
}

/** Of a run for one service in one pool. */
function environmentOf(service: string, consul: Consul, haproxy: HAProxy): Environment {
  const pool = { backend: 'iri_back', service, ranges: [{ prefix: 'irisrv', slots: 2 * INSTANCES }] };
  return {
    CONSUL_HTTP_ADDR: consul.url,
    HAPROXY_ADDRESSES: haproxy.admin,
    LB_CONFIG: JSON.stringify({ pools: [pool] }),
  };
}

interface Forwarding {
  readonly service: string;
  readonly env: Environment;
  readonly args: readonly string[];
}

/** Starts a forwarder, and has Consul's agent tell it of the service. */
async function startForwarder(
  harness: Harness,
  consul: Consul,
  dist: string,
  { service, env, args }: Forwarding,
): Promise<void> {
  const listen = `127.0.0.1:${await harness.freePort()}`;
  const forwarderUrl = `http://${listen}`;
  const words = [`${dist}/forwarder.mjs`, '--listen', listen, '--service', service, ...args];
  const child = await harness.spawn(`forwarder-${service}`, process.execPath, words, { env });
  await child.until(async () => (await fetch(`${forwarderUrl}/health`)).status > 0, {
    what: 'the forwarder to listen',
  });
  const { config } = readSettings(env);
  await consul.reconfigure(JSON.parse(renderConsulAgent(config, { forwarderUrl })));
}
