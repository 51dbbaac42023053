// Names in findings: some of many, and counts. Pure.
import { showName } from '../model/text.js';

/** Named of a list; the rest is counted. */
const MAX_NAMED = 3;

/** `a, b, c and 4 more`. */
export function someOf(names: readonly string[]): string {
  const named = names.slice(0, MAX_NAMED).map((name) => showName(name));
  const more = names.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

/** `1 slot`, `2 slots`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
