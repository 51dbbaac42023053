// Compares IRI versions as versions: 1.4.10 comes after 1.4.2.1. Pure.

/** A version taken apart; equal ones may be written differently (`1.5` and `1.5.0-RELEASE`). */
export interface Version {
  readonly numbers: readonly number[];
  /** What follows the numbers (`SNAPSHOT`, `rc2`); empty for a release. */
  readonly suffix: string;
}

/** Parses `1.4.2.1`, `1.8.2-RELEASE`, `1.5.0-rc2`, `v1.5.6+build`; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const match =
    /^v?(\d{1,9}(?:\.\d{1,9}){0,7})(?:[-.]?([A-Za-z][A-Za-z0-9.-]{0,31}))?(?:\+[\w.-]{1,32})?$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const suffix = match[2] ?? '';
  return {
    numbers: match[1].split('.').map(Number),
    suffix: /^(?:release|final)$/i.test(suffix) ? '' : suffix,
  };
}

/** Negative when `a` is older, 0 when they are equal. A suffix makes a version older than its release. */
export function compareVersions(a: Version, b: Version): number {
  const length = Math.max(a.numbers.length, b.numbers.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.suffix === '' || b.suffix === '') return Number(a.suffix === '') - Number(b.suffix === '');
  return a.suffix.localeCompare(b.suffix, 'en', { numeric: true, sensitivity: 'base' });
}
