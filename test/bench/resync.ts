// The warm resync handler on 2,000 instances in 2 × 2,000 slots, next to the least that it could cost.
import { closeSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { startConsul } from '../../infra/local/consul.js';
import type { ConsulApi } from '../../infra/local/consul-api.js';
import { startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { lambdaContext } from '../../lib/cli/invoke.js';
import { showServersState, showStat } from '../../lib/haproxy/commands.js';
import { phasesOf } from '../../lib/haproxy/phases.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';
import { mapBounded } from '../../lib/run/map-bounded.js';
import { connectFloor, getJson } from './floor.js';
import { interleaved, type Part, type Row, rowBeside, rowOf } from './measure.js';

export const COUNT = 2_000;
const BACKENDS = ['iri_back', 'iri_pow_back'];
const LISTINGS = ['show info', ...BACKENDS.flatMap((name) => [showServersState(name), showStat(name)])];
const REGISTRATIONS_AT_ONCE = 16;
/** Until then the compiler is still at work, on both. */
const WARM_UP_RUNS = 6;
const FILL_TARGET = 1.25;
const IDLE_TARGET = 1.1;

type Handler = (event: unknown, context: unknown) => Promise<Report>;

/** `bundle` is `dist/resync/index.mjs`. Throws when a run does not do what it is measured for. */
export async function benchResync(harness: Harness, bundle: string, runs: number): Promise<Part> {
  const adminPort = await harness.freePort();
  const ranges = [{ prefix: 'irisrv', slots: COUNT }];
  const config = minimalConfig({ adminPort, backends: BACKENDS.map((name) => ({ name, ranges })) });
  const [consul, haproxy] = await Promise.all([
    startConsul(harness),
    startHAProxy(harness, { config, adminPort }),
  ]);
  await registerAll(consul);
  Object.assign(process.env, {
    CONSUL_HTTP_ADDR: consul.url,
    CONSUL_HTTP_TOKEN: consul.token,
    HAPROXY_ADDRESSES: haproxy.admin,
  });
  const { handler } = (await import(pathToFileURL(bundle).href)) as { handler: Handler };
  const resync = async (expected: LoadBalancerReport['outcome']): Promise<LoadBalancerReport> => {
    const { loadBalancers } = await silently(() => handler({}, lambdaContext('resync')));
    const [only] = loadBalancers;
    if (only?.outcome !== expected) throw new Error(`the handler reports ${only?.outcome}, not ${expected}`);
    return only;
  };

  const { changes } = await resync('changed');
  if (changes.length !== 2 * COUNT) throw new Error(`${changes.length} changes, not ${2 * COUNT}`);
  const { maintenance, addresses, settings, ready } = phasesOf(changes, () => false);
  const commands = [...maintenance, ...addresses, ...settings, ...ready].map(({ line }) => line);
  const read = (): Promise<unknown> => getJson(`${consul.url}/v1/health/service/iri`, consul.token);
  /** Catalog read, listings, commands, listings again; `atOnce` lists while it reads, as a run does. */
  const floor = async (writes: readonly string[], atOnce: boolean): Promise<void> => {
    const connection = await connectFloor(`tcp://127.0.0.1:${adminPort}`);
    if (atOnce) await Promise.all([read(), connection.send(LISTINGS)]);
    else {
      await read();
      await connection.send(LISTINGS);
    }
    if (writes.length > 0) {
      await connection.send(writes);
      await connection.send(LISTINGS);
    }
    await connection.close();
  };
  const compare = async (what: Comparison): Promise<Row[]> => {
    const rows: Row[] = [];
    for (const [atOnce, name] of FLOORS) {
      const least = (): Promise<void> => floor(what.writes, atOnce);
      await interleaved(WARM_UP_RUNS, what.run, least, what.before);
      const [times, floorTimes] = await interleaved(runs, what.run, least, what.before);
      const target = atOnce ? undefined : what.target;
      rows.push(rowOf(`${name}: ${what.floor}`, 'ms', floorTimes));
      rows.push(rowBeside(rowOf(what.name, 'ms', times), times, name, floorTimes, target));
    }
    return rows;
  };

  const idle = await compare({
    name: 'resync finds nothing to do',
    floor: 'read, list',
    run: () => resync('unchanged'),
    writes: [],
    target: IDLE_TARGET,
  });
  const fill = await compare({
    name: `resync fills ${2 * COUNT} empty slots`,
    floor: `read, list, ${commands.length} commands, list`,
    run: () => resync('changed'),
    writes: commands,
    target: FILL_TARGET,
    before: () => haproxy.restart(),
  });
  return { title: `${COUNT} instances, ${BACKENDS.length} × ${COUNT} slots`, rows: [...fill, ...idle] };
}

/** One after another, as the targets mean it; and, to be strict, with the read and the listings at once. */
const FLOORS = [
  [false, 'floor'],
  [true, 'floor at once'],
] as const;

interface Comparison {
  readonly name: string;
  readonly floor: string;
  readonly run: () => Promise<unknown>;
  readonly writes: readonly string[];
  readonly target: number;
  readonly before?: () => Promise<void>;
}

/** As agents do it, with a check each: rows as long as real ones, 5.5 MB in all. */
export async function registerAll(consul: ConsulApi): Promise<void> {
  const numbers = Array.from({ length: COUNT }, (_, at) => at);
  await mapBounded(numbers, REGISTRATIONS_AT_ONCE, (at) => {
    const address = `10.1.${at >> 8}.${at & 255}`;
    return consul.register({
      Name: 'iri',
      ID: `${address}:14265`,
      Address: address,
      Port: 14265,
      Tags: ['haproxy.pow=true', 'haproxy.weight=2', 'haproxy.maxconn=8', 'haproxy.maxconnpow=4'],
      Check: { Name: `IRI API ${address}:14265`, TTL: '24h', Status: 'passing' },
    });
  });
  await waitFor(
    async () => {
      const rows = await consul.request('GET', '/v1/health/service/iri');
      return Array.isArray(rows) && rows.length === COUNT;
    },
    { what: `${COUNT} instances in the catalog`, timeoutMs: 60_000 },
  );
}

/** What the handler logs is written as on Lambda, but where nobody sees it. */
async function silently<T>(work: () => Promise<T>): Promise<T> {
  const nowhere = openSync('/dev/null', 'w');
  const { write } = process.stderr;
  process.stderr.write = (text) => writeSync(nowhere, String(text)) > 0;
  try {
    return await work();
  } finally {
    process.stderr.write = write;
    closeSync(nowhere);
  }
}
