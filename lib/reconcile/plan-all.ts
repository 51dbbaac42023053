// Plans all pools of one load balancer under the guard; only the guard's second look waits for anything.

import type { Config, Pool } from '../config/pools.js';
import type { Catalog } from './catalog-reader.js';
import { desiredServers } from './desired.js';
import { exceedsLimit, needsConfirmation } from './guard.js';
import type { Observed } from './observed.js';
import { type PoolPlan, planPool } from './plan.js';
import { heldIn, statesIn } from './slot-states.js';

export interface GuardedPlan {
  readonly pools: readonly PoolPlan[];
  /** What was held back and why; any of these makes the run fail. */
  readonly refusals: readonly string[];
  /** What was planned on: the second look where there was one. Further rounds of a run go on from it. */
  readonly catalog: Catalog;
}

export interface PlanOptions {
  /** Past `maxRemovalPercent`. */
  readonly force: boolean;
}

/**
 * Plans every pool. A removal that is large is planned only on what a second read says too; where
 * Consul's answer is not to be trusted nothing is removed at all, and the reason is a refusal.
 */
export async function planAll(
  config: Config,
  first: Catalog,
  observed: Observed,
  { force }: PlanOptions,
): Promise<GuardedPlan> {
  const planOn = (catalog: Catalog): PoolPlan[] =>
    config.pools.map((pool) => planOne(catalog, pool, observed, isDoubtful(catalog, pool)));
  const doubted = (pool: Pool | undefined): boolean => pool !== undefined && isDoubtful(first, pool);
  const onFirst = planOn(first);
  const large = onFirst.some((planned, index) => needsConfirmation(planned) && !doubted(config.pools[index]));
  const catalog = large ? await first.confirm() : first;

  const refusals = new Set<string>();
  const pools = (large ? planOn(catalog) : onFirst).map((planned, index) => {
    const pool = config.pools[index];
    if (!pool) return planned;
    for (const doubt of planned.doubts) refusals.add(doubt);
    const reason = catalog.distrust.get(pool.service);
    if (reason !== undefined) refusals.add(refusal(planned, reason));
    if (force || isDoubtful(catalog, pool) || !exceedsLimit(planned, config.maxRemovalPercent))
      return planned;
    const limit = `more than maxRemovalPercent (${config.maxRemovalPercent}) of ${planned.ready} ready; --force removes them`;
    refusals.add(refusal(planned, limit));
    return planOne(catalog, pool, observed, true);
  });
  return { pools, refusals: [...refusals], catalog };
}

function isDoubtful({ distrust, unsure }: Catalog, { service }: Pool): boolean {
  return distrust.has(service) || unsure.has(service);
}

function refusal({ backend, gone }: PoolPlan, reason: string): string {
  return gone > 0 ? `${backend}: ${gone} ready servers kept, ${reason}` : reason;
}

function planOne(catalog: Catalog, pool: Pool, observed: Observed, keepGone: boolean): PoolPlan {
  const servers = observed.backends.get(pool.backend) ?? [];
  const { candidates, answers, lastKnown, whoIsAt } = catalog.view;
  const held = heldIn(pool, servers);
  const selected = candidates.get(pool.backend) ?? [];
  const desired = desiredServers(selected, answers, statesIn(pool, servers, held));
  const who = (at: string): string | undefined => whoIsAt(pool.service, at);
  return planPool({ pool, desired, servers, held, lastKnown, keepGone, whoIsAt: who });
}
