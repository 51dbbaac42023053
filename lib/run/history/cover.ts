// Which time a history covers, from its events in their order: where nobody kept it, nothing is known. Pure.
import type { Cover, Gap, HistoryEvent } from '../../model/history.js';

/** Kept at most; the time before them counts as not covered. */
const MAX_GAPS = 1_000;

const ENDED = 'nobody kept it';
const BROKEN_OFF = 'whoever kept it ended without a word';

export interface CoverNote {
  add(event: HistoryEvent): void;
  /** Nothing before `at` is there any more. */
  forget(before: string): void;
  cover(): Cover;
}

export function noteCover(): CoverNote {
  let from: string | undefined;
  let until: string | undefined;
  let hasEnded = false;
  const gaps: Gap[] = [];
  const addGap = (gap: Gap): void => {
    // Somebody set the clock back.
    if (gap.from >= gap.until) return;
    gaps.push(gap);
    if (gaps.length > MAX_GAPS) from = gaps.shift()?.until ?? from;
  };
  return {
    add(event) {
      if (event.kind === 'gap') addGap({ from: event.from, until: event.at, reason: event.reason });
      else if (event.kind === 'started' && until !== undefined)
        addGap({ from: until, until: event.at, reason: hasEnded ? ENDED : BROKEN_OFF });
      from ??= event.at;
      until = event.at;
      hasEnded = event.kind === 'stopped';
    },
    forget(before) {
      if (from !== undefined && from < before) from = before;
      while (gaps[0] && gaps[0].until <= before) gaps.shift();
    },
    cover: () => ({
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
      gaps: [...gaps],
    }),
  };
}

/** The part of it that lies at or after `since`. */
export const coverSince = (cover: Cover, since: string): Cover => ({
  ...cover,
  gaps: cover.gaps.filter(({ until }) => until > since),
});
