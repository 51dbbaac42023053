// How long a run may wait for requests that end and for first checks: bounded each, and all together.
import type { Clock } from '../model/clock.js';

/** For requests to a slot's last owner, each time a step takes slots over, in milliseconds. */
const REQUESTS_MS = 1_000;
/** For the first checks of newcomers, once a run, in milliseconds. */
const CHECKS_MS = 5_000;
/** Of the time until the deadline, all together. */
const SHARE = 1 / 3;
/** Pauses between two looks, in milliseconds; doubled each time up to the longest. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

export interface Waits {
  /** Looks until `isOver`, at most as long as is left for this kind of wait; whether it was. */
  until(what: 'requests' | 'checks', isOver: () => Promise<boolean>): Promise<boolean>;
}

/** `deadline` is in milliseconds, by `Clock.monotonicMs`. */
export function makeWaits(clock: Clock, deadline: number): Waits {
  let leftMs = (deadline - clock.monotonicMs()) * SHARE;
  let checksMs = CHECKS_MS;
  return {
    async until(what, isOver) {
      const begun = clock.monotonicMs();
      const boundMs = Math.min(leftMs, what === 'requests' ? REQUESTS_MS : checksMs);
      let over = await isOver();
      for (
        let pauseMs = FIRST_PAUSE_MS;
        !over && clock.monotonicMs() - begun < boundMs;
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      ) {
        await clock.sleep(pauseMs);
        over = await isOver();
      }
      const usedMs = clock.monotonicMs() - begun;
      leftMs = Math.max(0, leftMs - usedMs);
      if (what === 'checks') checksMs = Math.max(0, checksMs - usedMs);
      return over;
    },
  };
}
