// When a removal is too large to be believed at once. Pure.
import type { Pool } from '../config/pools.js';
import type { Problem } from '../model/problem.js';
import type { Absence, Look } from '../model/source.js';
import type { Counts } from './view.js';

/** What a plan would do to the ready servers of a pool. */
export interface RemovalWeight {
  readonly ready: number;
  /** Their instances are gone from the catalog. */
  readonly gone: number;
  /** Their instances are critical or in maintenance: Consul said so, which is no absence. */
  readonly unhealthy: number;
}

/** What has to be looked at before a pool's removals may be believed; undefined: nothing more. */
export function neededLook(absence: Absence | undefined, weight: RemovalWeight): Look | undefined {
  if (weight.gone === 0) return undefined;
  if (absence?.believed === 'rights') return 'rights';
  if (absence?.believed !== 'second-look') return undefined;
  return absence.isUnsure || isLarge(weight) ? 'second-look' : undefined;
}

/**
 * Whether a removal is large: at least half of a pool's ready servers and at least two, or the last one,
 * because they are gone from the catalog.
 */
export function isLarge({ ready, gone, unhealthy }: RemovalWeight): boolean {
  if (gone === 0) return false;
  return (gone >= 2 && gone * 2 >= ready) || gone + unhealthy >= ready;
}

/** Whether a removal is more than `maxPercent` of a pool's ready servers; off when undefined. */
export function exceedsLimit({ ready, gone }: RemovalWeight, maxPercent: number | undefined): boolean {
  return maxPercent !== undefined && gone > 0 && gone * 100 > ready * maxPercent;
}

/**
 * Why a pool keeps all that it has ready, though Consul's answer is to be believed: a service of which nobody is
 * listed any more is more often a name that is wrong than a service that has ended; so is a rule that selects
 * nobody any more, where it takes away several at once. `pool` can say that it is meant so.
 */
export function emptiedWrongly(
  { backend, service, whenGone }: Pool,
  { listed, selected, refused }: Counts,
  { ready, gone }: RemovalWeight,
): Problem | undefined {
  if (whenGone === 'empty' || gone === 0) return undefined;
  if (listed === 0) return { code: 'service-gone', service };
  if (selected > refused || gone < 2 || gone < ready) return undefined;
  return { code: 'selection-empty', backend, service, listed, refused };
}

interface Weighed {
  readonly pool: Pool;
  readonly counts: Counts;
  readonly weight: RemovalWeight;
}

/** By backend, once a service: that nobody of it is listed is worth a word where nobody is ready who is kept. */
export function unlistedIn(pools: readonly Weighed[]): ReadonlyMap<string, readonly Problem[]> {
  const told = new Set(
    pools
      .filter(({ counts, weight }) => counts.listed > 0 || weight.ready > 0)
      .map(({ pool }) => pool.service),
  );
  const problems = new Map<string, readonly Problem[]>();
  for (const { pool } of pools) {
    const { backend, service, whenGone } = pool;
    if (told.has(service) || whenGone === 'empty') continue;
    told.add(service);
    problems.set(backend, [{ code: 'service-unlisted', service }]);
  }
  return problems;
}
