// A first read that is what a watch was told: believed for who comes only, and once Consul has said that it still holds.
import type { DeadlineClock } from '../model/clock.js';
import type { Step } from '../plan/steps.js';
import type { CatalogView } from './views.js';

/** Longest wait for Consul's word whether it still holds, in milliseconds; it is read anew then. */
const ASKED_MS = 250;
/** A listing that was asked for at most so long ago, in milliseconds, and came after the view, is not made once more. */
const YOUNG_MS = 5;

export interface Belief {
  /**
   * Whether this view may be written on: these steps stop nobody, and Consul has nothing else to say. `at-once`: nothing
   * to speak of was waited for since HAProxy was asked for its listing. What is asked for itself always holds, `late`.
   */
  holdsFor(catalogView: CatalogView, steps: readonly Step[]): Promise<false | 'at-once' | 'late'>;
}

/** Of the view and the listing that a run begins with: both are just being asked for. */
export function beliefIn(
  viewing: Promise<CatalogView>,
  listing: Promise<unknown>,
  clock: DeadlineClock,
  deadline: number,
): Belief {
  const askedAtMs = clock.monotonicMs();
  const order: string[] = [];
  viewing.then(() => order.push('view')).catch(() => {});
  listing.then(() => order.push('listing')).catch(() => {});
  return {
    async holdsFor({ isOutdated }, steps) {
      if (!isOutdated) return 'late';
      if (!steps.every(stopsNobody)) return false;
      const waitMs = Math.max(1, Math.min(ASKED_MS, deadline - clock.monotonicMs()));
      if (await clock.within(waitMs, isOutdated(), () => new Error('late')).catch(() => true)) return false;
      const isListedLast = order[0] === 'view';
      return isListedLast && clock.monotonicMs() - askedAtMs <= YOUNG_MS ? 'at-once' : 'late';
    },
  };
}

/** What was told may be of another token, which may read less: nobody is stopped on it. */
const stopsNobody = ({ changes }: Step): boolean =>
  changes.every(({ action }) => action === 'add' || action === 'enable' || action === 'update');
