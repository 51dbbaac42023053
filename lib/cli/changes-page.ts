// Prints a page of a history: which source and which time it covers, its events with the gaps among them. Pure.
import type { Cover, Gap, Page } from '../model/history.js';
import { plainText } from '../model/text.js';
import { clockText, spanText } from '../model/when.js';
import { eventLine, type Style } from './changes-text.js';

/** A history that ends longer ago than this is one that nobody keeps now, in milliseconds. */
const CURRENT_MS = 180_000;
/** Gaps that are shown one by one among the events, at most. */
const MAX_GAPS = 20;

/** The first lines: source and cover, what is not covered, and since when as it was understood. */
export function coverLines(name: string, page: Page, sinceMs: number, style: Style): string[] {
  const { nowMs, zone, paint } = style;
  const [first, ...more] = coverTexts(page.cover, sinceMs, style);
  return [
    paint.bold(`${name}, ${first}`),
    ...more.map((text) => paint.yellow(text)),
    paint.dim(`changes since ${clockText(sinceMs, nowMs, zone)}, ${spanText(nowMs - sinceMs)} ago`),
  ];
}

function coverTexts(cover: Cover, sinceMs: number, { nowMs, zone }: Style): string[] {
  const { from, until, gaps } = cover;
  if (from === undefined || until === undefined) return ['empty', 'nothing is known of any time'];
  const clock = (iso: string): string => clockText(Date.parse(iso), nowMs, zone);
  const count = gaps.length === 1 ? 'a gap' : `${gaps.length} gaps`;
  return [
    gaps.length === 0 ? `complete since ${clock(from)}` : `with ${count} since ${clock(from)}`,
    ...(Date.parse(from) > sinceMs ? ['what happened before that is not known'] : []),
    ...(gaps.length === 0
      ? []
      : [`${spanText(lengthOf(gaps))} in ${count}: what happened then is not known`]),
    ...(isOver(cover, nowMs) ? [`it ends at ${clock(until)}: what happened since is not known`] : []),
  ];
}

const lengthOf = (gaps: readonly Gap[]): number =>
  gaps.reduce((sum, { from, until }) => sum + Date.parse(until) - Date.parse(from), 0);

const isOver = ({ until }: Cover, nowMs: number): boolean =>
  until !== undefined && Date.parse(until) < nowMs - CURRENT_MS;

/** Whether the time from `sinceMs` until now is covered: only then can be told that nothing changed. */
export const isComplete = ({ cover }: Page, sinceMs: number, nowMs: number): boolean =>
  cover.from !== undefined &&
  Date.parse(cover.from) <= sinceMs &&
  cover.gaps.length === 0 &&
  !isOver(cover, nowMs);

/** A line an event, with the gaps among them, or that there are none. */
export function eventLines(page: Page, sinceMs: number, style: Style): string[] {
  const { cover, events } = page;
  const gaps = cover.gaps.length > MAX_GAPS ? [] : cover.gaps;
  const lines = [
    ...events.map((event) => ({ at: event.at, text: eventLine(event, style) })),
    ...gaps.map((gap) => ({ at: gap.from, text: gapLine(gap, style) })),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return [...lines.map(({ text }) => text), ...(events.length === 0 ? [noneText(page, sinceMs, style)] : [])];
}

function noneText(page: Page, sinceMs: number, { nowMs }: Style): string {
  if (isComplete(page, sinceMs, nowMs)) return 'nothing changed';
  return page.cover.from === undefined
    ? 'not known whether anything changed'
    : 'no change is known of; not all of that time is covered';
}

function gapLine({ from, until, reason }: Gap, { nowMs, zone, paint }: Style): string {
  const span = spanText(Date.parse(until) - Date.parse(from));
  const at = clockText(Date.parse(from), nowMs, zone);
  return paint.yellow(`${at} ? unknown   what happened for ${span} is not known: ${plainText(reason)}`);
}
