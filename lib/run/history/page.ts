// Makes a page of lines in their order: the events from a time on, and which time all of them cover. Pure.
import {
  type Cover,
  HISTORY_VERSION,
  type HistoryEvent,
  isMark,
  isoOf,
  type Page,
} from '../../model/history.js';
import { coverSince, noteCover } from './cover.js';
import { atOf, eventOf, isEvent, isMarkLine } from './line.js';

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

/** A page as a process hands it out; undefined for what is none: something else answers there. */
export function parsePage(text: string): Page | undefined {
  try {
    const page = JSON.parse(text) as Partial<Page> | null;
    const { cover, events } = page ?? {};
    const isOurs =
      Array.isArray(events) &&
      Array.isArray(cover?.gaps) &&
      [cover.from, cover.until].every((at) => at === undefined || isTime(at)) &&
      cover.gaps.every((gap) => isTime(gap?.from) && isTime(gap?.until) && typeof gap.reason === 'string');
    return isOurs ? { cover, events: events.filter(isEvent) } : undefined;
  } catch {
    return undefined;
  }
}

const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));
