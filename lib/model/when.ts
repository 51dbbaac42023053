// Times for people: how long ago, and when by the clock on the wall, with its offset. Pure.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `8 s`, `4 min`, `3 h`, `2 d`: the largest unit of which there is one, rounded down. */
export function spanText(ms: number): string {
  const span = Math.max(0, ms);
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  return span < DAY ? `${Math.floor(span / HOUR)} h` : `${Math.floor(span / DAY)} d`;
}

/** `paused for 12 min: REASON`. */
export const pausedText = (
  { sinceMs, reason }: { readonly sinceMs: number; readonly reason: string },
  nowMs: number,
): string => `paused for ${spanText(nowMs - sinceMs)}: ${reason}`;

/** Which time people read. */
export interface Zone {
  readonly utc: boolean;
}

/** `03:12:07+02:00`, with the day before it (`2026-11-24 03:12:07+02:00`) where that is not today's. */
export function clockText(atMs: number, nowMs: number, { utc }: Zone): string {
  const [day, time] = wallOf(atMs, utc);
  return day === wallOf(nowMs, utc)[0] ? time : `${day} ${time}`;
}

/** `4 min ago, 03:12:07+02:00`. */
export function whenText(atMs: number, nowMs: number, zone: Zone): string {
  return `${spanText(nowMs - atMs)} ago, ${clockText(atMs, nowMs, zone)}`;
}

/** Day and time by the wall of this machine, or in UTC. */
function wallOf(atMs: number, utc: boolean): [day: string, time: string] {
  const offset = utc ? 0 : -new Date(atMs).getTimezoneOffset();
  const shifted = new Date(atMs + offset * MINUTE).toISOString();
  return [shifted.slice(0, 10), `${shifted.slice(11, 19)}${offsetText(offset, utc)}`];
}

function offsetText(minutes: number, utc: boolean): string {
  if (utc) return 'Z';
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
}
