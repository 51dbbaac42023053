// The last events in memory, as the lines they are: those take a third of what objects do. Pure.
import type { HistoryEvent } from '../../model/history.js';

export interface Ring {
  /** Returns when the oldest that is left happened, where one had to go. */
  add(at: string, line: string): string | undefined;
  /** From `since` (ISO) on, the oldest first. */
  since(since: string): HistoryEvent[];
}

interface Entry {
  readonly at: string;
  readonly line: string;
}

export function makeRing(most: number): Ring {
  const entries: Entry[] = [];
  /** Where the oldest is, once it is full. */
  let first = 0;
  return {
    add(at, line) {
      const entry = { at, line };
      if (entries.length < most) {
        entries.push(entry);
        return undefined;
      }
      entries[first] = entry;
      first = (first + 1) % most;
      return entries[first]?.at;
    },
    since(since) {
      const ordered = [...entries.slice(first), ...entries.slice(0, first)];
      return ordered.filter(({ at }) => at >= since).map(({ line }) => JSON.parse(line) as HistoryEvent);
    },
  };
}
