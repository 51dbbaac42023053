// Numbers, times and names as people read them. Pure.
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`;

/** 2,000. */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** 03:12:07, by this machine's wall. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Of some milliseconds: `24 ms`, `1.2 s`. */
export const brief = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;

/** `a`, `a and b`, `a, b and 3 more`. */
export function listed(names: readonly string[], most = 3): string {
  if (names.length <= most)
    return names.join(names.length === 2 ? ' and ' : ', ').replace(/, ([^,]*)$/, ' and $1');
  return `${names.slice(0, most - 1).join(', ')} and ${names.length - most + 1} more`;
}

/** `on both`, `on all 4`, `on lb1`. */
export function onWhich(names: readonly string[], all: number): string {
  if (names.length === 0 || (all === 1 && names.length === 1)) return '';
  if (names.length === all) return all === 2 ? 'on both' : `on all ${all}`;
  return `on ${listed(names)}`;
}
