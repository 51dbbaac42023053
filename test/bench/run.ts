// `iri-lb run`: from registration to ready next to a bare blocking query, and what it takes when nothing happens.
import { setTimeout as sleep } from 'node:timers/promises';
import { startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { processorMs, residentMb, startRun } from '../integration/run-rig.js';
import { BARE, startBare, startSlots, untilReady } from './latency.js';
import { type Part, rowBeside, rowOf, timed } from './measure.js';

/** As README has it: one plain web service in one backend. */
const WEB = { backend: 'web', service: 'web', maxconn: 100, ranges: [{ prefix: 'web', slots: 50 }] };
const INSTANCES = 20;
/** In each round, one by one; all have slots at once, with the two that warm up. */
const SAMPLES = 25;
const ROUNDS = 4;
const APART_MS = 100;
const MANY = 2_000;
const RUNS = 1_000;
/** How long it is watched doing nothing, in milliseconds. */
const REST_MS = 60_000;

export async function benchRun(harness: Harness): Promise<Part> {
  const [consul, haproxy, bareHAProxy] = [
    await startConsul(harness, { acls: false }),
    await startWeb(harness),
    await startWeb(harness),
  ];
  // Both read as many rows.
  for (const service of [WEB.service, BARE]) await consul.catalogRegister(rowsOf(INSTANCES, service));
  const LB_CONFIG = JSON.stringify({ pools: [WEB] });
  const env = { CONSUL_HTTP_ADDR: consul.url, HAPROXY_ADDRESSES: haproxy.admin };
  const run = await startRun(harness, { ...env, LB_CONFIG });

  const newcomer = (service: string, at: number) => ({ node: `${service}-${at}`, id: service, service });
  const from = async (service: string, target: HAProxy, round: number, at: number): Promise<number> => {
    const address = `10.2.${round}.${at}`;
    await sleep(APART_MS);
    return timed(async () => {
      await consul.catalogRegister([{ ...newcomer(service, at), address, port: 80 }]);
      await untilReady(target, address, WEB.backend);
    });
  };
  // One instance comes and goes until there were enough runs: it is a process that stays.
  const coming = { node: 'coming', service: WEB.service, id: WEB.service, address: '10.3.0.1', port: 80 };
  for (let runs = 0; runs < RUNS; { runs } = await run.health()) {
    await consul.catalogRegister([coming]);
    await untilReady(haproxy, coming.address, WEB.backend);
    await consul.catalogDeregister([coming]);
    await sleep(10);
  }
  const times: number[] = [];
  const bareTimes: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const bare = await startBare(consul.url, bareHAProxy, { slots: 'web/web', setting: 'maxconn 100' });
    harness.onClose(() => bare.stop());
    for (let at = 0; at <= SAMPLES; at += 1) {
      const time = await from(WEB.service, haproxy, round, at);
      const bareTime = await from(BARE, bareHAProxy, round, at);
      // The first of each is for warming up.
      if (at === 0) continue;
      times.push(time);
      bareTimes.push(bareTime);
    }
    await bare.stop();
    for (const service of [WEB.service, BARE])
      for (let at = 0; at <= SAMPLES; at += 1) await consul.catalogDeregister([newcomer(service, at)]);
  }
  const used = await atRest(run.child.pid);
  const memory = await residentMb(run.child.pid);

  const manyEnv = { ...env, HAPROXY_ADDRESSES: (await startSlots(harness, MANY)).admin };
  await consul.catalogRegister(rowsOf(MANY, 'iri'));
  const many = await startRun(harness, manyEnv);
  const ofMany = await atRest(many.child.pid);
  const row = rowOf('iri-lb run', 'ms', times);
  const percentile = [...times].sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN;
  return {
    title: `iri-lb run: registered to ready, ${ROUNDS * SAMPLES} one by one, ${APART_MS} ms apart; at rest for ${REST_MS / 1_000} s`,
    rows: [
      rowOf('a blocking query that writes', 'ms', bareTimes),
      rowBeside(row, times, 'a blocking query', bareTimes, 2),
      rowOf('iri-lb run, 99th percentile', 'ms', [percentile]),
      rowOf(`memory after ${RUNS} runs, ${INSTANCES} instances`, 'MB', [memory]),
      rowOf(`of one core at rest, ${INSTANCES} instances`, '%', [used]),
      rowOf(`memory, ${MANY} instances`, 'MB', [await residentMb(many.child.pid)]),
      rowOf(`of one core at rest, ${MANY} instances`, '%', [ofMany]),
    ],
  };
}

/** With an admin socket as README's example has it. */
async function startWeb(harness: Harness): Promise<HAProxy> {
  const adminPort = await harness.freePort();
  const path = `${harness.dir}/web-${adminPort}.sock`;
  const config = minimalConfig({
    adminPort,
    backends: [{ name: WEB.backend, ranges: WEB.ranges }],
    global: [`stats socket ${path} level admin maxconn 1 backlog 64`],
  });
  return { ...(await startHAProxy(harness, { config, adminPort })), admin: `unix:${path}` };
}

const rowsOf = (count: number, service: string) =>
  Array.from({ length: count }, (_, at) => ({
    node: `node-${at}`,
    service,
    id: service,
    address: `10.${16 + (at >> 8)}.${at & 255}.1`,
    port: 14265,
  }));

async function atRest(pid: number): Promise<number> {
  const before = await processorMs(pid);
  await sleep(REST_MS);
  return (100 * ((await processorMs(pid)) - before)) / REST_MS;
}
