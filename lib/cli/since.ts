// `--since`: a duration, a time with its offset, or a time of day, which is the last one. Pure.
import { parseDuration } from '../model/duration.js';
import { quote } from '../model/text.js';
import type { Zone } from '../model/when.js';
import { usageError } from './usage.js';

const DAY_MS = 86_400_000;
const DAYS = /^(\d{1,4})d$/;
/** RFC 3339, with a blank for the T as it allows, and without seconds as people type it. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)$/;
const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/** In milliseconds since the epoch. Throws a usage error that says what is understood. */
export function parseSince(text: string, nowMs: number, zone: Zone): number {
  const days = DAYS.exec(text)?.[1];
  const span = days === undefined ? parseDuration(text) : Number(days) * DAY_MS;
  const sinceMs = span === undefined ? timeOf(text, nowMs, zone) : nowMs - span;
  if (sinceMs === undefined || Number.isNaN(sinceMs) || sinceMs < 0)
    throw usageError(
      `--since ${quote(text)} is no time; use a duration (10m, 2h, 3d), a time of day (03:00), or RFC 3339 (2026-11-28T03:00:00+01:00)`,
    );
  if (sinceMs > nowMs) throw usageError(`--since ${quote(text)} is still to come; is its offset right?`);
  return sinceMs;
}

function timeOf(text: string, nowMs: number, { utc }: Zone): number | undefined {
  const [, day, minutes, seconds = '00', fraction = '', offset = ''] = DATE_TIME.exec(text) ?? [];
  if (day !== undefined) {
    const noon = new Date(`${day}T12:00:00Z`);
    // 30 February is the second of March to Date.
    if (Number.isNaN(noon.getTime()) || noon.toISOString().slice(0, 10) !== day) return undefined;
    return Date.parse(`${day}T${minutes}:${seconds}${fraction.slice(0, 4)}${offset.toUpperCase()}`);
  }
  const clock = CLOCK.exec(text);
  return clock
    ? lastTime(
        clock.slice(1).map((part) => Number(part ?? 0)),
        nowMs,
        utc,
      )
    : undefined;
}

/** The last time the clock on the wall, or that of UTC, said this. */
function lastTime(
  [hours = 0, minutes = 0, seconds = 0]: readonly number[],
  nowMs: number,
  utc: boolean,
): number {
  const at = new Date(nowMs);
  const set = (): number =>
    utc ? at.setUTCHours(hours, minutes, seconds, 0) : at.setHours(hours, minutes, seconds, 0);
  if (set() <= nowMs) return at.getTime();
  if (utc) at.setUTCDate(at.getUTCDate() - 1);
  else at.setDate(at.getDate() - 1);
  return set();
}
