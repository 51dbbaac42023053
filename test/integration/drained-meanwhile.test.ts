// An operator's DRAIN that comes while a run waits is not undone, whatever the run was about to do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { keepsConnections } from '../../lib/haproxy/idle.js';
import { parseInfo } from '../../lib/haproxy/listings.js';
import { addressOf, type RealPool, startRealPool } from './real-pool.js';

/** `DRAINS=20` gives as many, the last of them after 4 s. */
const DRAINS = Number(process.env.DRAINS ?? 4);
/** How long the first and the last run waits for Consul, in milliseconds; the others lie between, further apart each. */
const [SHORTEST_MS, LONGEST_MS] = [50, DRAINS < 20 ? 400 : 4_000];
const waitMs = (count: number): number =>
  SHORTEST_MS * (LONGEST_MS / SHORTEST_MS) ** (count / Math.max(1, DRAINS - 1));
/** `srv_admin_state`: the operator's drain. */
const DRAIN = 0x08;

/** Nodes from this number on are new each time: no slot has their address. */
const FIRST_NEW = 10;

let pool: RealPool;
beforeAll(async () => {
  pool = await startRealPool({
    slots: 4,
    nodes: FIRST_NEW + DRAINS,
    answerMs: 900,
    lines: ['http-reuse always'],
  });
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
        // The run has listed everything by then.
        await new Promise((resolve) => setTimeout(resolve, waitMs(count)));
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
    for (let count = 0; count < DRAINS; count += 1) {
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

  it('waits for an address to show, stays', async () => {
    for (let count = 0; count < DRAINS; count += 1) {
      pool.list([1]);
      await pool.apply();
      const comer = FIRST_NEW + count;
      const drained: string[] = [];
      pool.delayAddresses(async () => {
        const coming = (await pool.slots()).find(({ address }) => address === addressOf(comer));
        drained.push(coming?.slot ?? 'nobody');
        await pool.haproxy.query(`set server web/${coming?.slot} state drain`);
      });
      pool.list([1, comer]);
      const { only } = await pool.apply();
      const held = (await pool.slots()).find(({ slot }) => slot === drained[0]);
      expect(held).toMatchObject({ address: addressOf(comer) });
      expect((held?.admin ?? 0) & DRAIN).toBe(DRAIN);
      expect(only.changes).toMatchObject([{ slot: drained[0], action: 'add', result: 'skipped' }]);
      await pool.haproxy.query(`set server web/${drained[0]} state maint`);
    }
  });
});
