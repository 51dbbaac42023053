// Plans all pools of one load balancer under the guard; only the guard's second look waits for anything.

import { printHostPort } from '../address.js';
import type { Config, Pool } from '../config/pools.js';
import type { Catalog } from './catalog-reader.js';
import { desiredServers } from './desired.js';
import { exceedsLimit, needsConfirmation } from './guard.js';
import type { Observed, ObservedServer } from './observed.js';
import { type PoolPlan, planPool } from './plan.js';

export interface GuardedPlan {
  readonly pools: readonly PoolPlan[];
  /** What was held back and why; any of these makes the run fail. */
  readonly refusals: readonly string[];
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
  const plan = (catalog: Catalog, pool: Pool, keepGone: boolean): PoolPlan =>
    planOne(catalog, pool, observed.backends.get(pool.backend) ?? [], keepGone);

  const pools: PoolPlan[] = [];
  const refusals = new Set<string>();
  for (const pool of config.pools) {
    let catalog = first;
    const blind = (): boolean => catalog.distrust.has(pool.service) || catalog.unsure.has(pool.service);
    let planned = plan(catalog, pool, blind());
    if (!blind() && needsConfirmation(planned)) {
      catalog = await first.confirm();
      planned = plan(catalog, pool, blind());
    }
    const reason = catalog.distrust.get(pool.service);
    if (reason !== undefined) refusals.add(refusal(pool, planned, reason));
    if (!blind() && !force && exceedsLimit(planned, config.maxRemovalPercent)) {
      const limit = `more than maxRemovalPercent (${config.maxRemovalPercent}) of ${planned.ready} ready; --force removes them`;
      refusals.add(refusal(pool, planned, limit));
      planned = plan(catalog, pool, true);
    }
    pools.push(planned);
  }
  return { pools, refusals: [...refusals] };
}

function refusal({ backend }: Pool, { gone }: PoolPlan, reason: string): string {
  return gone > 0 ? `${backend}: ${gone} ready servers kept, ${reason}` : reason;
}

function planOne(
  catalog: Catalog,
  pool: Pool,
  servers: readonly ObservedServer[],
  keepGone: boolean,
): PoolPlan {
  const { candidates, answers, whoIsAt } = catalog.view;
  const inSlot = new Set(
    servers.map(({ address, port }) => (address === null ? '' : printHostPort(address, port))),
  );
  const desired = desiredServers(candidates.get(pool.backend) ?? [], answers, (address, port) =>
    inSlot.has(printHostPort(address, port)),
  );
  return planPool({ pool, desired, servers, keepGone, whoIsAt: (at) => whoIsAt(pool.service, at) });
}
