// What a watch was told, as the first read of a run: taken apart while HAProxy lists, and believed for who comes only.
import type { DeadlineClock } from '../model/clock.js';
import type { Step } from '../plan/steps.js';
import type { CatalogView } from './views.js';

/** Longest wait for Consul's word whether it is still so, in milliseconds; it is read anew then. */
const ASKED_MS = 250;
/** A listing that came after the view and is no older, in milliseconds, is not made once more. */
const YOUNG_MS = 5;

export interface Belief {
  /**
   * Whether these steps stop nobody, and Consul has nothing else to say by now: rows may be old although they were just
   * heard of, where this process stood still. `at-once`: nothing was waited for since HAProxy listed.
   */
  holdsFor(steps: readonly Step[]): Promise<false | 'at-once' | 'late'>;
}

/** Asks Consul as soon as the view is there, while HAProxy lists. */
export function beliefIn(
  viewing: Promise<CatalogView>,
  listing: Promise<unknown>,
  clock: DeadlineClock,
): Belief {
  let listedAtMs: number | undefined;
  let isListedLast = false;
  listing.then(
    () => {
      listedAtMs = clock.monotonicMs();
    },
    () => {},
  );
  const asked = viewing.then((catalogView) => {
    isListedLast = listedAtMs === undefined;
    return catalogView.isOutdated();
  });
  asked.catch(() => {});
  return {
    async holdsFor(steps) {
      if (!steps.every(stopsNobody)) return false;
      const isOutdated = await clock.within(ASKED_MS, asked, () => new Error('late')).catch(() => true);
      if (isOutdated) return false;
      const age = clock.monotonicMs() - (listedAtMs ?? Number.NEGATIVE_INFINITY);
      return isListedLast && age <= YOUNG_MS ? 'at-once' : 'late';
    },
  };
}

/** What was told may be of another token, which may read less: nobody is stopped on it. */
const stopsNobody = ({ changes }: Step): boolean =>
  changes.every(({ action }) => action === 'add' || action === 'enable' || action === 'update');
