// Two runs at once on one HAProxy: with `maxconn 1` one after the other, without it still as desired.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogInstance } from '../../infra/local/consul-api.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import type { Report } from '../../lib/model/report.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import type { Source } from '../../lib/model/source.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import { startTap, type Tap } from '../haproxy/tap.js';
import { iriBackends, type Rig, type RigOptions, startRig } from './rig.js';

const ROUNDS = 6;
const INSTANCES = 60;

interface Shared extends Rig {
  readonly tap: Tap;
  /** Two warm environments of their own. */
  readonly runners: readonly [Runner, Runner];
}

async function startShared(options: RigOptions): Promise<Shared> {
  const rig = await startRig({ backends: iriBackends(INSTANCES), ...options });
  const tap = await startTap(rig.haproxy.admin);
  rig.harness.onClose(() => tap.close());
  const settings = readSettings({ ...rig.env, HAPROXY_ADDRESSES: tap.address });
  return { ...rig, tap, runners: [makeRunner(settings), makeRunner(settings)] };
}

/** The catalog of a round: most stay, with other settings; a third comes, and a third goes. */
function catalogOf(round: number): CatalogInstance[] {
  return Array.from({ length: INSTANCES / 2 }, (_, at) => {
    const number = (at + 10 * round) % INSTANCES;
    return {
      node: `n${number}`,
      id: `iri-${number}`,
      service: 'iri',
      address: `10.0.0.${number + 1}`,
      port: 14265,
      tags: [`haproxy.weight=${1 + ((number + round) % 7)}`, `haproxy.maxconn=${1 + ((number + round) % 5)}`],
    };
  });
}

const readyOf = (catalog: readonly CatalogInstance[]): string[] =>
  catalog
    .map(({ address, port, tags = [] }) => {
      const [weight = '', maxconn = ''] = tags.map((tag) => tag.split('=')[1]);
      return `irisrv ${address}:${port} w${weight} m${maxconn}`;
    })
    .sort();

/** Makes the catalog of `round` what Consul says. */
async function show({ consul }: Rig, round: number): Promise<readonly CatalogInstance[]> {
  const next = catalogOf(round);
  const stay = new Set(next.map(({ id }) => id));
  const gone = catalogOf(round - 1).filter(({ id }) => !stay.has(id));
  await consul.catalogDeregister(gone.map(({ node, id = '' }) => ({ node, id })));
  await consul.catalogRegister(next);
  return next;
}

const errorsOf = (reports: readonly Report[]): unknown[] =>
  reports.flatMap(({ loadBalancers }) => loadBalancers.flatMap(({ error }) => error ?? []));

/** Which connection each answer was for, without repetition: `[1, 2]` where one came after the other. */
const turns = (answeredBy: readonly number[]): number[] =>
  answeredBy.filter((connection, at) => connection !== answeredBy[at - 1]);

describe.each([
  { name: 'with maxconn 1', adminMaxconn: 1 as const },
  { name: 'without maxconn', adminMaxconn: 'none' as const },
])('two runs at once on one admin socket $name', ({ adminMaxconn }) => {
  let rig: Shared;
  beforeAll(async () => {
    rig = await startShared({ adminMaxconn });
  });
  afterAll(() => rig.harness.close());

  it('end as the catalog says, round after round', async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const catalog = await show(rig, round);
      const reports = await Promise.all(rig.runners.map((runner) => runner.run({ mode: 'apply' })));
      expect(errorsOf(reports)).toEqual([]);
      expect(await rig.ready('iri_back')).toEqual(readyOf(catalog));
    }
  });
});

describe('an admin socket without maxconn', () => {
  it('ends as the last catalog says when a run is overtaken between reading and writing', async () => {
    const rig = await startShared({ adminMaxconn: 'none' });
    const [slow, quick] = rig.runners;
    for (let round = 1; round <= ROUNDS; round += 1) {
      await show(rig, 2 * round - 1);
      let overtaken: Promise<Report> | undefined;
      const read: Source['read'] = async (services, atLeast) => {
        const reading = await slow.source.read(services, atLeast);
        overtaken ??= show(rig, 2 * round).then(() => quick.run({ mode: 'apply' }));
        await overtaken;
        return reading;
      };
      const report = await slow.run({ mode: 'apply', source: { read } });
      expect(errorsOf([report])).toEqual([]);
      expect(await rig.ready('iri_back')).toEqual(readyOf(catalogOf(2 * round)));
    }
    await rig.harness.close();
  });
});

describe('an admin socket with maxconn 1', () => {
  let rig: Shared;
  beforeAll(async () => {
    rig = await startShared({ adminMaxconn: 1 });
  });
  afterAll(() => rig.harness.close());

  it('lets no run begin before the one before it has read back what it wrote', async () => {
    // Who fills an empty pool looks a second time which process is there.
    await show(rig, 0);
    await rig.runners[0].run({ mode: 'apply' });
    for (let round = 1; round <= ROUNDS; round += 1) {
      await show(rig, round);
      rig.tap.clear();
      const reports = await Promise.all(rig.runners.map((runner) => runner.run({ mode: 'apply' })));
      const outcomes = reports.map(({ loadBalancers }) => loadBalancers[0]?.outcome);
      expect(outcomes.sort()).toEqual(['changed', 'unchanged']);
      expect(turns(rig.tap.answeredBy())).toHaveLength(2);
    }
  });

  it('makes a run that waited act on the catalog as it is when its turn comes', async () => {
    for (let round = ROUNDS + 1; round <= 2 * ROUNDS; round += 1) {
      const held = await hold(rig);
      const [first, second] = rig.runners.map((runner) => runner.run({ mode: 'apply' }));
      await waitFor(() => rig.tap.connections() === 2, { what: 'both runs to wait at the socket' });
      const catalog = await show(rig, round);
      await held.close();
      const reports = await Promise.all([first, second].flatMap((run) => run ?? []));
      expect(errorsOf(reports)).toEqual([]);
      expect(await rig.ready('iri_back')).toEqual(readyOf(catalog));
    }
  });

  it('ends as the last catalog says when it changes while two runs are under way', async () => {
    for (let round = 2 * ROUNDS + 1; round <= 3 * ROUNDS; round += 1) {
      const [one, two] = rig.runners;
      rig.tap.clear();
      await show(rig, round - 1);
      const first = one.run({ mode: 'apply' });
      await waitFor(() => rig.tap.answeredBy().length > 0, { what: 'the first run to have the socket' });
      const catalog = await show(rig, round);
      expect(errorsOf(await Promise.all([first, two.run({ mode: 'apply' })]))).toEqual([]);
      expect(await rig.ready('iri_back')).toEqual(readyOf(catalog));
    }
  });

  /** Takes the socket, past the tap, as a person with socat does. */
  async function hold({ haproxy, tap }: Shared): Promise<RuntimeConnection> {
    const { hostname: host, port } = new URL(haproxy.admin);
    const timeouts = { connectTimeoutMs: 5_000, promptTimeoutMs: 5_000, answerTimeoutMs: 5_000 };
    const address = { kind: 'tcp', host, port: Number(port) } as const;
    const connection = await connectRuntime(address, { ...timeouts, totalTimeoutMs: 30_000 });
    tap.clear();
    return connection;
  }
});

it('would see two runs in each other’s way', async () => {
  const rig = await startShared({ adminMaxconn: 'none' });
  try {
    const { hostname: host, port } = new URL(rig.tap.address);
    const timeouts = { connectTimeoutMs: 5_000, promptTimeoutMs: 5_000, answerTimeoutMs: 5_000 };
    const connect = () =>
      connectRuntime({ kind: 'tcp', host, port: Number(port) }, { ...timeouts, totalTimeoutMs: 30_000 });
    const [one, two] = [await connect(), await connect()];
    await one.send(['show info']);
    await two.send(['show info']);
    expect(turns(rig.tap.answeredBy())).toEqual([1, 2, 1, 2]);
    await Promise.all([one.close(), two.close()]);
  } finally {
    await rig.harness.close();
  }
});
