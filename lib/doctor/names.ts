// Names in findings: some of many, and which of those that exist somebody may have meant. Pure.
import { showName } from '../model/text.js';

/** Named of a list; the rest is counted. */
const MAX_NAMED = 3;
/** Letters that may be wrong in a name. */
const NEAR = 2;

/** `a, b, c and 4 more`. */
export function someOf(names: readonly string[]): string {
  const named = names.slice(0, MAX_NAMED).map((name) => showName(name));
  const more = names.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

/** `1 slot`, `2 slots`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Those that differ by few letters, or by case, or of which one holds the other; the nearest first. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const want = wanted.toLowerCase();
  return names
    .filter((name) => name !== wanted)
    .map((name) => ({ name, far: farFrom(want, name.toLowerCase()) }))
    .filter(({ far }) => far <= NEAR)
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}

function farFrom(want: string, name: string): number {
  const [short, long] = want.length < name.length ? [want, name] : [name, want];
  if (short.length >= NEAR + 1 && long.includes(short)) return NEAR;
  if (long.length - short.length > NEAR || short.length <= NEAR) return long === short ? 0 : NEAR + 1;
  return distance(want, name);
}

/** Levenshtein's: letters to put in, take out or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
