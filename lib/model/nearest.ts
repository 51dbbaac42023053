// The known names that somebody may have meant. Pure.

/** The one that differs from `text` by case, separators, or by the fewest letters; undefined where none is near. */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  const wanted = plain(text);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = distanceOf(wanted, plain(name));
    if (distance <= allowed(name) && (!best || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Letters that may be wrong in a name. */
const NEAR = 2;

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
  return distanceOf(want, name);
}

/** A short name is near to too many. */
const allowed = (name: string): number => (name.length <= 3 ? 0 : name.length <= 5 ? 1 : 2);

const plain = (text: string): string =>
  text
    .slice(0, 64)
    .toLowerCase()
    .replace(/[-_. ]/g, '');

/** Letters to insert, delete or replace, or neighbours to swap (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
