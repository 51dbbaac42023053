// Who waits for people or for requests holds no socket: runs go on during `drain --wait` and while apply asks.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { readSettings } from '../../lib/config/environment.js';
import type { Report } from '../../lib/model/report.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { makeRunner } from '../../lib/run/runner.js';
import { type Fleet, holdSocket, register, startFleet } from './plan-rig.js';
import { type SlowNode, startSlowNode } from './slow-node.js';

/** Runs that give up long before a held socket is theirs. */
const LB_CONFIG = JSON.stringify({
  pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 's', transport: 'plain', slots: 4 }] }],
  networks: LOCAL_NETWORKS,
  lockTimeoutMs: 1_000,
});
const RUNS = 20;

let fleet: Fleet;
let node: SlowNode;
beforeAll(async () => {
  fleet = await startFleet(2);
  node = await startSlowNode(fleet.harness);
  await fleet.consul.register({ Name: 'web', ID: 'slow', Address: '127.0.0.1', Port: node.port });
  await fleet.runner.run({ mode: 'apply' });
});
afterAll(() => fleet.harness.close());

/** One run after the other. */
async function runs(count: number): Promise<Report[]> {
  const runner = makeRunner(readSettings({ ...fleet.env, LB_CONFIG }));
  const reports: Report[] = [];
  while (reports.length < count) reports.push(await runner.run({ mode: 'apply' }));
  return reports;
}

const outcomesOf = (reports: readonly Report[]): string[] =>
  reports.flatMap(({ loadBalancers }) => loadBalancers.map(({ outcome, error }) => error ?? outcome));

describe('runs go on', () => {
  it('while somebody waits for a drain, which ends once its requests have ended', async () => {
    const replies = await node.ask(...fleet.fronts);
    await register(fleet.consul, [1, 2]);
    let isOver = false;
    let waits = (): void => {};
    const isWaiting = new Promise<void>((resolve) => {
      waits = resolve;
    });
    const onErr = (line: string): void => {
      if (line.startsWith('waiting: ')) waits();
    };
    const drained = fleet.run('drain slow --wait=2m', { onErr }).then((ran) => {
      isOver = true;
      waits();
      return ran;
    });
    await isWaiting;
    // Requests last as long as the runs do, so that all of these are made while it waits.
    const reports = await runs(RUNS);
    expect(isOver).toBe(false);
    node.answer();
    const { status, out, err } = await drained;
    expect([status, await Promise.all(replies)]).toEqual([0, [200, 200]]);
    expect(out).toMatch(/^in DRAIN: web\/s\d on both; 2 requests left$/m);
    expect(out).toMatch(/local\/slow has no requests any more$/);
    expect(err).toMatch(/^waiting: 2 requests left: /);
    expect(outcomesOf(reports).filter((outcome) => !/^(?:un)?changed$/.test(outcome))).toEqual([]);
    for (const at of [0, 1])
      expect(await fleet.slots(at)).toEqual([
        '10.0.0.1:80 ready',
        '10.0.0.2:80 ready',
        `127.0.0.1:${node.port} drain`,
      ]);
    expect(await fleet.run('undrain slow')).toMatchObject({ status: 0 });
  });

  it('while apply asks', async () => {
    await fleet.consul.maintenance('web-1', true);
    await fleet.consul.maintenance('web-2', true);
    const asked: string[] = [];
    let meanwhile: readonly Report[] = [];
    const { status, err } = await fleet.run('apply', {
      answers: async (question) => {
        asked.push(question);
        meanwhile = await runs(RUNS);
        return true;
      },
    });
    expect(asked).toEqual(['Take away 2 of the 3 who serve web on both?']);
    expect([status, err.includes('iri-lb:')]).toEqual([0, false]);
    expect(meanwhile).toHaveLength(RUNS);
    expect(outcomesOf(meanwhile).filter((outcome) => !/^(?:un)?changed$/.test(outcome))).toEqual([]);
  });
});

describe('with sockets of level user, to look at', () => {
  const env = () => ({ HAPROXY_READ_ADDRESSES: fleet.readers.join(',') });

  it('plan and a wait for a drain look while others hold the admin sockets', async () => {
    // The others are in maintenance: nobody else takes requests.
    const replies = await node.ask(...fleet.fronts);
    let holding: Promise<readonly RuntimeConnection[]> | undefined;
    const { status, out } = await fleet.run('drain slow --wait', {
      env: env(),
      onErr: (line) => {
        if (!line.startsWith('waiting: 2 requests left')) return;
        holding ??= Promise.all(fleet.names.map(holdSocket));
        void holding.then(() => node.answer());
      },
    });
    expect([status, await Promise.all(replies)]).toEqual([0, [200, 200]]);
    expect(out).toMatch(/local\/slow has no requests any more$/);
    const plan = await fleet.run('plan', { env: env() });
    // Nobody serves: the only one is drained.
    expect([plan.status, plan.out]).toEqual([3, expect.stringMatching(/Nothing to apply\.$/)]);
    for (const connection of (await holding) ?? []) await connection.close();
    expect(await fleet.run('undrain slow', { env: env() })).toMatchObject({ status: 0 });
  });
});
