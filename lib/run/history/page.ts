// Makes a page of lines in their order: the events from a time on, and which time all of them cover. Pure.
import { type Cover, HISTORY_VERSION, type HistoryEvent, isMark, isoOf } from '../../model/history.js';
import { coverSince, noteCover } from './cover.js';
import { atOf, eventOf, isMarkLine } from './line.js';

export interface PageReader {
  /** Takes in the next line; gives its event where it is one to be told of. */
  add(line: string): HistoryEvent | undefined;
  /** Of all lines until now. */
  cover(): Cover;
  /** Lines that were no events: cut off, or of another program. */
  skipped(): number;
}

/** `sinceMs`: milliseconds since the epoch. Lines before it are not parsed: they say only how far the cover goes. */
export function pageReader(sinceMs: number): PageReader {
  const since = isoOf(sinceMs);
  const note = noteCover();
  let skipped = 0;
  return {
    add(line) {
      if (line === '') return undefined;
      const at = atOf(line);
      if (at !== undefined && at < since && !isMarkLine(line)) {
        note.add({ version: HISTORY_VERSION, at, kind: 'watched' });
        return undefined;
      }
      const event = eventOf(line);
      if (!event) {
        skipped += 1;
        return undefined;
      }
      note.add(event);
      return isMark(event) || event.at < since ? undefined : event;
    },
    cover: () => coverSince(note.cover(), since),
    skipped: () => skipped,
  };
}

/** How much of the time from `sinceMs` on is covered. */
export function howFar({ from, gaps }: Cover, sinceMs: number): 'all' | 'part' | 'nothing' {
  if (from === undefined) return 'nothing';
  return Date.parse(from) <= sinceMs && gaps.length === 0 ? 'all' : 'part';
}
