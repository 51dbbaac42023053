// Counts the slots of each pool for the report. Pure.
import type { Config } from '../config/pools.js';
import type { PoolReport } from '../model/report.js';
import type { Observed } from '../model/server.js';
import type { PoolPlan } from '../plan/pool.js';
import { slotsOfRange } from '../plan/slots.js';

/** What each pool looks like as last read, with who was left out and who is held. */
export function reportPools(config: Config, observed: Observed, plans: readonly PoolPlan[]): PoolReport[] {
  return config.pools.map((pool, index) => {
    const servers = observed.backends.get(pool.backend) ?? [];
    const slots = pool.ranges.flatMap(({ prefix }) => slotsOfRange(prefix, servers));
    const count = { ready: 0, maintenance: 0, drain: 0 };
    for (const { state } of slots) count[state] += 1;
    const plan = plans[index];
    const ranges = plan?.ranges ?? [];
    return {
      backend: pool.backend,
      slots: slots.length,
      free: ranges.reduce((sum, { free }) => sum + free, 0),
      ranges,
      ready: count.ready,
      maintenance: count.maintenance,
      held: plan?.heldSlots.length ?? 0,
      heldSlots: plan?.heldSlots ?? [],
      unplaced: plan?.unplaced ?? [],
    };
  });
}
