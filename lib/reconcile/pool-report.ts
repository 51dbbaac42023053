// Counts the slots of each pool for the report. Pure.
import type { Config } from '../config/pools.js';
import type { PoolReport } from '../report.js';
import type { Observed } from './observed.js';
import type { PoolPlan } from './plan.js';
import { slotsOfRange } from './slots.js';

/** What each pool looks like as last read, with who was left out and who is held. */
export function reportPools(config: Config, observed: Observed, plans: readonly PoolPlan[]): PoolReport[] {
  return config.pools.map((pool, index) => {
    const servers = observed.backends.get(pool.backend) ?? [];
    const slots = pool.ranges.flatMap(({ prefix }) => slotsOfRange(prefix, servers));
    const inState = (state: string): number => slots.filter((slot) => slot.state === state).length;
    const plan = plans[index];
    return {
      backend: pool.backend,
      slots: slots.length,
      free: plan?.free ?? 0,
      ready: inState('ready'),
      maintenance: inState('maintenance'),
      held: plan?.heldSlots.length ?? 0,
      heldSlots: plan?.heldSlots ?? [],
      unplaced: plan?.unplaced ?? [],
    };
  });
}
