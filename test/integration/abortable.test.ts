// A look that is given up, at whatever moment, keeps no run from the admin socket.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { readSettings } from '../../lib/config/environment.js';
import { abortable } from '../../lib/run/abortable.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import { rowsOf, startFleet } from '../serve/page-rig.js';

let harness: Harness;
let runner: Runner;
beforeAll(async () => {
  harness = await startHarness();
  const fleet = await startFleet(harness, { slots: 200 });
  await fleet.consul.catalogRegister(rowsOf(50));
  await fleet.apply();
  runner = makeRunner(readSettings(fleet.env));
});
afterAll(async () => {
  runner?.client.close();
  await harness?.close();
});

describe('a look that is given up', () => {
  it('ends, and lets the run go on, whenever that is', { timeout: 60_000 }, async () => {
    for (let ms = 0; ms < 20; ms += 0.5) {
      const giveUp = new AbortController();
      const looking = runner.look({ connect: abortable(runner.connectToLook, giveUp.signal) });
      await sleep(ms);
      giveUp.abort();
      const { loadBalancers } = await runner.run({ mode: 'plan' });
      expect(
        loadBalancers.map(({ outcome, error }) => error ?? outcome),
        `given up after ${ms} ms`,
      ).toEqual(['unchanged', 'unchanged']);
      await looking;
    }
  });
});
