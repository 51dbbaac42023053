// A thousand events at the forwarder while the catalog changes: few runs, the last state, also over an outage.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { type BurstRig, startBurstRig } from './burst-rig.js';

const OUTAGE_SECONDS = Number(process.env.OUTAGE_SECONDS) || 5;

let rig: BurstRig;
beforeEach(async () => {
  rig = await startBurstRig();
  await waitFor(async () => (await rig.idle()) && rig.asInCatalog(), { what: 'the run of the start' });
});
afterEach(() => rig?.harness.close());

/** Waits for what the events lead to, without another event. */
async function settled(lastIndex: string): Promise<void> {
  await waitFor(async () => (await rig.idle()) && rig.asInCatalog(), {
    what: 'HAProxy to be what Consul says',
    timeoutMs: 30_000,
    detail: () => rig.forwarder.child.output(),
  });
  expect(rig.finished.filter(({ ok }) => !ok)).toEqual([]);
  const { consul } = JSON.parse(rig.finished.at(-1)?.payload ?? '{}');
  expect(BigInt(consul.index)).toBeGreaterThanOrEqual(BigInt(lastIndex));
  const { loadBalancers } = await rig.runner.run({ mode: 'plan' });
  expect(loadBalancers).toMatchObject([{ outcome: 'unchanged', changes: [] }]);
}

test('a thousand events become a handful of runs, of which the last applies the last state', async () => {
  const before = rig.finished.length;
  const { statuses, lastIndex, durationMs } = await rig.burst();
  await settled(lastIndex);
  expect(statuses).toEqual(Array(1_000).fill(202));
  const invocations = rig.finished.length - before;
  // The first, what came in its short rest, what came after the last long one; and one a second.
  expect(invocations).toBeLessThanOrEqual(3 + Math.ceil(durationMs / 1_000));
  console.log(`${statuses.length} events in ${Math.round(durationMs)} ms: ${invocations} invocations`);
});

test(
  `with the endpoint down for ${OUTAGE_SECONDS} s meanwhile the last state is applied once it is back`,
  async () => {
    const before = rig.finished.length;
    await rig.endpoint().close();
    const outage = pause(OUTAGE_SECONDS * 1_000);
    const { statuses, lastIndex, durationMs } = await rig.burst();
    await outage;
    expect(statuses).toEqual(Array(1_000).fill(202));
    expect(await rig.asInCatalog()).toBe(false);
    await waitFor(async () => (await rig.forwarder.status()).pending === 1, { what: 'one event to wait' });
    expect((await fetch(`${rig.forwarder.url}/health`)).status).toBe(503);
    expect(rig.finished).toHaveLength(before);

    await rig.startEndpoint();
    const backAt = performance.now();
    await settled(lastIndex);
    const invocations = rig.finished.length - before;
    expect(invocations).toBe(1);
    console.log(
      `${statuses.length} events in ${Math.round(durationMs)} ms, ${OUTAGE_SECONDS} s down: ` +
        `${invocations} invocation, applied ${Math.round(performance.now() - backAt)} ms after it was back`,
    );
  },
  (OUTAGE_SECONDS + 60) * 1_000,
);
