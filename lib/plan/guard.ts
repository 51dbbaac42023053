// When a removal is too large to be believed at once. Pure.

/** What a plan would do to the ready servers of a pool. */
export interface RemovalWeight {
  readonly ready: number;
  /** Their instances are gone from the catalog. */
  readonly gone: number;
  /** Their instances are critical or in maintenance: Consul said so, which is no absence. */
  readonly unhealthy: number;
}

/**
 * Whether a removal needs a second look at Consul: at least half of a pool's ready servers and at
 * least two, or the last one, because they are gone from the catalog.
 */
export function needsConfirmation({ ready, gone, unhealthy }: RemovalWeight): boolean {
  if (gone === 0) return false;
  return (gone >= 2 && gone * 2 >= ready) || gone + unhealthy >= ready;
}

/** Whether a removal is more than `maxPercent` of a pool's ready servers; off when undefined. */
export function exceedsLimit({ ready, gone }: RemovalWeight, maxPercent: number | undefined): boolean {
  return maxPercent !== undefined && gone > 0 && gone * 100 > ready * maxPercent;
}
