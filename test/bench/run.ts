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
/** All have slots at once, with the two that warm up. */
const SAMPLES = 25;
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
  await consul.catalogRegister(rowsOf(INSTANCES, WEB.service));
  const LB_CONFIG = JSON.stringify({ pools: [WEB] });
  const env = { CONSUL_HTTP_ADDR: consul.url, HAPROXY_ADDRESSES: haproxy.admin };
  const run = await startRun(harness, { ...env, LB_CONFIG });

  const from = async (service: string, target: HAProxy, at: number): Promise<number> => {
    const address = `10.2.0.${at}`;
    await sleep(APART_MS);
    return timed(async () => {
      await consul.catalogRegister([{ node: `${service}-${at}`, service, address, port: 80 }]);
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
  const bare = await startBare(consul.url, bareHAProxy, { slots: 'web/web', setting: 'maxconn 100' });
  harness.onClose(() => bare.stop());
  await from(WEB.service, haproxy, SAMPLES + 1);
  await from(BARE, bareHAProxy, SAMPLES + 1);
  const times: number[] = [];
  const bareTimes: number[] = [];
  for (let at = 1; at <= SAMPLES; at += 1) {
    times.push(await from(WEB.service, haproxy, at));
    bareTimes.push(await from(BARE, bareHAProxy, at));
  }
  await consul.catalogDeregister(
    times.map((_, at) => ({ node: `${WEB.service}-${at + 1}`, id: WEB.service })),
  );
  const used = await atRest(run.child.pid);
  const memory = await residentMb(run.child.pid);

  const manyEnv = { ...env, HAPROXY_ADDRESSES: (await startSlots(harness, MANY)).admin };
  await consul.catalogRegister(rowsOf(MANY, 'iri'));
  const many = await startRun(harness, manyEnv);
  const ofMany = await atRest(many.child.pid);
  const row = rowOf('iri-lb run', 'ms', times);
  const percentile = [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
  return {
    title: `iri-lb run: registered to ready, ${SAMPLES} one by one, ${APART_MS} ms apart; at rest for ${REST_MS / 1_000} s`,
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

async function startWeb(harness: Harness): Promise<HAProxy> {
  const adminPort = await harness.freePort();
  const config = minimalConfig({ adminPort, backends: [{ name: WEB.backend, ranges: WEB.ranges }] });
  return startHAProxy(harness, { config, adminPort });
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
