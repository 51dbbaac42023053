// Runs against three Consul servers while the catalog churns and the leader dies, and with no leader at all.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Consul, leaderOf, startConsulCluster } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_CONFIG } from '../../infra/local/networks.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import { applyOnce, iriBackends, readyServers } from '../integration/rig.js';
import { seeded } from '../integration/seeded.js';
import { CHURN_SLOTS, prepareChanges, startChurn } from './churn.js';
import { watchRotation } from './rotation.js';
import { wantedServers } from './wanted.js';

const SECONDS = Number(process.env.CHURN_SECONDS) || 12;
const BACKENDS = ['iri_back', 'iri_pow_back'];
/** Less than an election takes, in milliseconds: such a run fails while there is no leader. */
const HASTY_MS = 500;

let harness: Harness;
let servers: readonly Consul[];
let haproxy: HAProxy;

beforeEach(async () => {
  harness = await startHarness();
  const adminPort = await harness.freePort();
  const config = minimalConfig({ backends: iriBackends(CHURN_SLOTS), adminPort });
  [servers, haproxy] = await Promise.all([
    startConsulCluster(harness),
    startHAProxy(harness, { config, adminPort }),
  ]);
});
afterEach(() => harness?.close());

/** A warm environment that knows all servers, the leader first: every run has to get past it. */
async function runnerFor(consulTimeoutMs?: number): Promise<Runner> {
  const leader = await leaderOf(servers);
  const addresses = [leader, ...servers.filter((server) => server !== leader)].map(({ url }) => url);
  const settings = readSettings({
    CONSUL_HTTP_ADDR: addresses.join(','),
    CONSUL_HTTP_TOKEN: leader.token,
    HAPROXY_ADDRESSES: haproxy.admin,
    LB_CONFIG: LOCAL_CONFIG,
  });
  const { config } = settings;
  return makeRunner({
    ...settings,
    config: { ...config, consulTimeoutMs: consulTimeoutMs ?? config.consulTimeoutMs },
  });
}

/** Kills the leader, and resolves when the others have another one. */
async function replaceLeader(): Promise<void> {
  const old = await leaderOf(servers);
  await old.stop(true);
  await waitFor(async () => (await leaderOf(servers)) !== old, { what: 'a new leader', timeoutMs: 30_000 });
}

const running = (): Consul => {
  const server = servers.find(({ child }) => child.running);
  if (!server) throw new Error('no Consul server is running');
  return server;
};

async function expectAsInCatalog(): Promise<void> {
  for (const backend of BACKENDS)
    expect(await readyServers(haproxy, backend)).toEqual(await wantedServers(running(), backend));
}

type Run = Report & { readonly only: LoadBalancerReport };

/** Runs, one after another, until `ended` has. */
async function runUntil(ended: Promise<unknown>, runners: readonly Runner[]): Promise<Run[]> {
  const runs: Run[] = [];
  let going = true;
  const watched = ended.finally(() => {
    going = false;
  });
  while (going) for (const runner of runners) runs.push(await applyOnce(runner));
  await watched;
  return runs;
}

/** It read the catalog and was to take servers out, but Consul did not say any more whether it had read all: none left. */
const isHeldBack = ({ outcome, problems }: LoadBalancerReport): boolean =>
  outcome === 'guarded' &&
  problems.some(({ code }) => code === 'rights-unread' || code === 'second-look-failed');

test(
  `the leader dies in ${SECONDS} s of churn: who stays passing stays in rotation, HAProxy ends as the catalog`,
  async () => {
    const changing = await prepareChanges(servers, seeded('churn'));
    const patient = await runnerFor();
    const hasty = await runnerFor(HASTY_MS);
    await applyOnce(patient);

    const churn = startChurn(changing);
    harness.onClose(() => churn.stop());
    const rotation = await watchRotation(haproxy, changing.stayers);
    harness.onClose(() => rotation.stop());
    const replaced = pause(SECONDS * 500).then(replaceLeader);
    const runs = await runUntil(Promise.all([pause(SECONDS * 1_000), replaced]), [patient, hasty]);
    await churn.stop();
    runs.push(await applyOnce(patient));
    await rotation.stop();

    expect(runs.at(-1)?.only.error).toBeUndefined();
    expect((await patient.run({ mode: 'plan' })).loadBalancers).toMatchObject([
      { outcome: 'unchanged', changes: [] },
    ]);
    await expectAsInCatalog();

    // By the looks from beside, by HAProxy's own count, and by what the runs say they have changed.
    const changes = runs.flatMap(({ only }) => only.changes);
    expect(rotation.slots.size).toBe(BACKENDS.length * changing.stayers.length);
    expect(rotation.left()).toEqual([]);
    expect(await rotation.unchangedFor()).toBeGreaterThanOrEqual(Math.floor(SECONDS) - 1);
    expect(changes.filter(({ backend, slot }) => rotation.slots.has(`${backend}/${slot}`))).toEqual([]);

    // A run has read the whole catalog, or says that it could not; what it changed before it was to go on, since
    // Consul's word had moved, it had read whole.
    const failed = runs.filter(({ only }) => only.error !== undefined);
    const error = expect.stringMatching(/^consul: service iri: /);
    for (const { only } of failed) {
      if (!isHeldBack(only)) expect(only).toMatchObject({ outcome: 'failed', error });
      expect(only.changes.filter(({ result }) => result !== 'done')).toEqual([]);
    }
    for (const { only, consul } of runs.filter((run) => !failed.includes(run))) {
      expect(['unchanged', 'changed']).toContain(only.outcome);
      expect(consul.instances).toBeGreaterThanOrEqual(changing.stayers.length);
    }
    expect([...new Set(changes.map(({ action }) => action))].sort()).toEqual(ACTIONS);
    console.log(
      `${churn.accepted()} changes in Consul, ${runs.length} runs of which ${failed.length} failed, ` +
        `${changes.length} changes in HAProxy, ${rotation.looks()} looks`,
    );
  },
  (SECONDS + 90) * 1_000,
);

const ACTIONS = ['add', 'disable', 'enable', 'remove', 'update'];

test('with no leader every run says so and changes nothing, until there is one again', async () => {
  await prepareChanges(servers, seeded('no leader'));
  const runner = await runnerFor();
  await applyOnce(runner);
  const ready = () => Promise.all(BACKENDS.map((backend) => readyServers(haproxy, backend)));
  const before = await ready();
  await running().catalogDeregister([{ node: 'node-0', id: 'iri' }]);

  const leader = await leaderOf(servers);
  const [follower] = servers.filter((server) => server !== leader);
  await leader.stop(true);
  await follower?.stop(true);
  const failedRun = async (): Promise<void> => {
    const { only } = await applyOnce(runner);
    const error = expect.stringMatching(/^consul: service iri: .*has Consul a leader\?$/);
    expect(only).toMatchObject({ outcome: 'failed', changes: [], error });
    expect(await ready()).toEqual(before);
  };
  await failedRun();
  const knowsNoLeader = async () => (await running().request('GET', '/v1/status/leader')) === '';
  await waitFor(knowsNoLeader, { what: 'the last server to know that there is no leader' });
  await failedRun();

  await follower?.restart();
  const { only } = await applyOnce(runner);
  expect(only.error).toBeUndefined();
  expect(only.changes.map(({ action }) => action)).toEqual(['remove', 'remove']);
  await expectAsInCatalog();
}, 90_000);
