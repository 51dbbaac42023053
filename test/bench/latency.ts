// From registration in Consul to ready in HAProxy, next to a bare blocking query that writes straight to it.
import { setTimeout as sleep } from 'node:timers/promises';
import { startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { startLambdaEndpoint } from '../../infra/local/lambda-endpoint.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import { renderConsulAgent } from '../../lib/render/consul/agent.js';
import { connectFloor, getJson } from './floor.js';
import { type Part, rowBeside, rowOf, timed } from './measure.js';

export const INSTANCES = 20;
const BACKENDS = ['iri_back', 'iri_pow_back'];
export const BARE = 'bare';
/** Between two registrations, in milliseconds: the forwarder rests after each event, to fold bursts. */
export const APART_MS = 250;
/** What the forwarder's SDK parts want to see; the endpoint here does not look at it. */
export const AWS = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

/** `dist` holds the built bundles. */
export async function benchLatency(harness: Harness, dist: string): Promise<Part> {
  const [consul, haproxy, bareHAProxy] = [
    await startConsul(harness, { acls: false }),
    await startSlots(harness),
    await startSlots(harness),
  ];
  const env = { CONSUL_HTTP_ADDR: consul.url, HAPROXY_ADDRESSES: haproxy.admin };
  const lambda = await startLambdaEndpoint({
    functions: [{ name: 'watch', bundle: `${dist}/watch/index.mjs`, env }],
  });
  harness.onClose(() => lambda.close());
  const listen = `127.0.0.1:${await harness.freePort()}`;
  const forwarderUrl = `http://${listen}`;
  const forwarder = await harness.spawn(
    'forwarder',
    process.execPath,
    [`${dist}/forwarder.mjs`, '--listen', listen, '--function', 'watch'],
    { env: { ...AWS, AWS_ENDPOINT_URL_LAMBDA: lambda.url } },
  );
  await forwarder.until(async () => (await fetch(`${forwarderUrl}/health`)).status > 0, {
    what: 'the forwarder to listen',
  });
  const { config } = readSettings(env);
  await consul.reconfigure(JSON.parse(renderConsulAgent(config, { forwarderUrl })));
  const bare = await startBare(consul.url, bareHAProxy);
  harness.onClose(() => bare.stop());

  const from = async (service: string, target: HAProxy, at: number): Promise<number> => {
    const address = `10.2.0.${at}`;
    const id = `${service}-${at}`;
    await sleep(APART_MS);
    return timed(async () => {
      await consul.register({ Name: service, ID: id, Address: address, Port: 14265 });
      await untilReady(target, address);
    });
  };
  // The first one starts the function and opens what is opened once.
  await from('iri', haproxy, INSTANCES + 1);
  await from(BARE, bareHAProxy, INSTANCES + 1);
  const times: number[] = [];
  const bareTimes: number[] = [];
  for (let at = 1; at <= INSTANCES; at += 1) {
    times.push(await from('iri', haproxy, at));
    bareTimes.push(await from(BARE, bareHAProxy, at));
  }
  const row = rowOf('watch, forwarder, function', 'ms', times);
  return {
    title: `registered to ready, ${INSTANCES} one by one, ${APART_MS} ms apart`,
    rows: [
      rowOf('a blocking query that writes', 'ms', bareTimes),
      rowBeside(row, times, 'a blocking query', bareTimes),
    ],
  };
}

export async function startSlots(harness: Harness, slots = 2 * INSTANCES): Promise<HAProxy> {
  const adminPort = await harness.freePort();
  const ranges = [{ prefix: 'irisrv', slots }];
  const config = minimalConfig({ adminPort, backends: BACKENDS.map((name) => ({ name, ranges })) });
  return startHAProxy(harness, { config, adminPort });
}

/** Ready is 0, or 4 where the configuration once said `disabled`. */
export async function untilReady({ query }: HAProxy, address: string, backend = 'iri_back'): Promise<void> {
  const ready = new RegExp(`^\\d+ \\S+ \\d+ \\S+ ${address.replaceAll('.', '\\.')} 2 [04] `, 'm');
  await waitFor(async () => ready.test(await query(`show servers state ${backend}`)), {
    what: `${address} to be ready`,
    everyMs: 1,
  });
}

/**
 * The least that can be done: wait for Consul, write address, setting and state of the next slot, plan nothing, read nothing
 * back.
 */
export async function startBare(
  consulUrl: string,
  { admin }: HAProxy,
  { slots = 'iri_back/irisrv', setting = 'weight 1' } = {},
): Promise<{ stop(): Promise<void> }> {
  const connection = await connectFloor(admin);
  const seen = new Set<string>();
  let stopped = false;
  const follow = async (): Promise<void> => {
    let index = '0';
    while (!stopped) {
      const read = await getJson(`${consulUrl}/v1/health/service/${BARE}?index=${index}&wait=60s`, '');
      index = read.index;
      const rows = read.body as readonly { readonly Service: { Address: string; Port: number } }[];
      for (const { Service } of rows) {
        if (seen.has(Service.Address)) continue;
        seen.add(Service.Address);
        const server = `set server ${slots}${seen.size}`;
        await connection.send([
          `${server} addr ${Service.Address} port ${Service.Port}`,
          `${server} ${setting}`,
          `${server} state ready`,
        ]);
      }
    }
  };
  // Its last query ends with Consul.
  follow().catch((error: unknown) => {
    if (!stopped) throw error;
  });
  return {
    stop: () => {
      stopped = true;
      return connection.close();
    },
  };
}
