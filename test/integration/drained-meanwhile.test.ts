// An operator's DRAIN that comes while a run waits is not undone, whatever the run was about to do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { keepsConnections } from '../../lib/haproxy/idle.js';
import { parseInfo } from '../../lib/haproxy/listings.js';
import { addressOf, type RealPool, startRealPool } from './real-pool.js';

/** `DRAINS=20` gives as many. */
const DRAINS = Number(process.env.DRAINS ?? 4);
/** `srv_admin_state`: the operator's drain. */
const DRAIN = 0x08;

let pool: RealPool;
beforeAll(async () => {
  pool = await startRealPool({ slots: 4, answerMs: 400, lines: ['http-reuse always'] });
});
afterAll(() => pool.harness.close());

const slotAt = async (address: string): Promise<string> =>
  (await pool.slots()).find((one) => one.address === address && (one.admin & 0x23) === 0)?.slot ?? '';

describe('a DRAIN that is given while a run', () => {
  it.each([
    { what: 'changes weights', next: [1, 2], weight: 7 },
    { what: 'takes the server away', next: [2, 3], weight: 1 },
  ])('waits for Consul, and then $what, stays', async ({ next, weight }) => {
    for (let count = 0; count < DRAINS; count += 1) {
      pool.list([1, 2]);
      await pool.apply();
      const slot = await slotAt(addressOf(1));
      const drain = async (): Promise<void> => {
        // A Consul that takes 50 ms: the run has listed everything by then.
        await new Promise((resolve) => setTimeout(resolve, 50));
        await pool.haproxy.query(`set server web/${slot} state drain`);
      };
      pool.list(next, weight + count);
      const { only } = await pool.apply(drain);
      const held = (await pool.slots()).find((one) => one.slot === slot);
      expect(held).toMatchObject({ address: addressOf(1) });
      expect((held?.admin ?? 0) & DRAIN).toBe(DRAIN);
      expect(only.pools[0]?.held).toBe(1);
      await pool.haproxy.query(`set server web/${slot} state ready`);
    }
  });

  it('waits for the requests of a slot to end, stays', async () => {
    const { version } = parseInfo(await pool.haproxy.query('show info'));
    if (!keepsConnections(version)) return;
    for (let count = 0; count < Math.min(DRAINS, 3); count += 1) {
      pool.list([1, 2, 3, 4]);
      await pool.apply();
      await pool.get();
      const requests = Array.from({ length: 8 }, () => pool.get());
      pool.list([5, 6, 7, 8]);
      const run = pool.apply();
      const stopped = async (): Promise<string | undefined> =>
        (await pool.slots()).find(({ admin }) => (admin & 0x01) !== 0)?.slot;
      const slot = await waitFor(stopped, { what: 'a slot whose requests are waited for' });
      await pool.haproxy.query(`set server web/${slot} state drain`);
      const { only } = await run;
      expect(((await pool.slots()).find((one) => one.slot === slot)?.admin ?? 0) & DRAIN).toBe(DRAIN);
      expect(only.changes.filter((change) => change.slot === slot).map(({ result }) => result)).toContain(
        'skipped',
      );
      expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(Array(8).fill(200));
      await pool.haproxy.query(`set server web/${slot} state maint`);
    }
  });
});
