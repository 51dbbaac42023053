// When a removal is too large to be believed at once. Pure.
import type { Absence, Look } from '../model/source.js';

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
