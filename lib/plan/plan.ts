// Plans all pools of one load balancer under the guard; only the guard's second look waits for anything.

import type { Config, Pool } from '../config/pools.js';
import type { Catalog } from '../consul/source.js';
import type { Observed } from '../model/server.js';
import { desiredServers } from './desired.js';
import { exceedsLimit, needsConfirmation } from './guard.js';
import { type PoolPlan, planPool } from './pool.js';
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
 * Plans every pool. What is not listed any more is taken away only when the token may read all there is,
 * and much of it only on what a second read says too. Where Consul's answer is not to be trusted or not
 * to be understood nothing is removed at all, and the reason is a refusal.
 */
export async function planAll(
  config: Config,
  first: Catalog,
  observed: Observed,
  { force }: PlanOptions,
): Promise<GuardedPlan> {
  let catalog = first;
  let pools: PoolPlan[] = [];
  const planOn = (next: Catalog): void => {
    catalog = next;
    pools = config.pools.map((pool) => planOne(next, pool, observed, isDoubtful(next, pool)));
  };
  const somePool = (matters: (planned: PoolPlan) => boolean): boolean =>
    config.pools.some((pool, at) => {
      const planned = pools[at];
      return planned !== undefined && !isDoubtful(catalog, pool) && matters(planned);
    });

  planOn(first);
  if (somePool(({ gone }) => gone > 0)) {
    const proved = await first.proved();
    if (proved !== first) planOn(proved);
  }
  if (somePool(needsConfirmation)) planOn(await catalog.confirm());

  const refusals = new Refusals();
  const guarded = config.pools.flatMap((pool, at) => {
    const planned = pools[at];
    if (!planned) return [];
    for (const doubt of planned.doubts) refusals.add(doubt);
    const distrusted = catalog.distrust.get(pool.service);
    const unsure = planned.gone > 0 ? catalog.unsure.get(pool.service) : undefined;
    const reason = distrusted ?? unsure;
    if (reason !== undefined) refusals.add(reason, planned);
    if (force || isDoubtful(catalog, pool) || !exceedsLimit(planned, config.maxRemovalPercent))
      return planned;
    const limit = `more than maxRemovalPercent (${config.maxRemovalPercent}) of ${planned.ready} ready; --force removes them`;
    refusals.add(limit, planned);
    return planOne(catalog, pool, observed, true);
  });
  return { pools: guarded, refusals: refusals.texts(), catalog };
}

function isDoubtful({ distrust, unsure }: Catalog, { service }: Pool): boolean {
  return distrust.has(service) || unsure.has(service);
}

/** Each reason once, with what it kept ready in which pools. */
class Refusals {
  private readonly kept = new Map<string, string[]>();

  add(reason: string, { backend, gone } = { backend: '', gone: 0 }): void {
    const texts = this.kept.get(reason) ?? [];
    this.kept.set(reason, gone > 0 ? [...texts, `${backend}: ${gone} ready servers kept`] : texts);
  }

  texts(): string[] {
    return [...this.kept].map(([reason, kept]) => [...kept, reason].join(', '));
  }
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
