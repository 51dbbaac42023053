// Says on which load balancers something is so, in few words. Pure.

/**
 * ` on both`, ` on all 4`, ` on 3 of 4, not on tcp://b:1`, ` on tcp://a:1`; nothing where there is only one. `all`
 * are the names of those that could be, or their number.
 */
export function allPlaces(names: readonly string[], all: readonly string[] | number): string {
  const count = typeof all === 'number' ? all : all.length;
  if (count <= 1) return '';
  if (names.length >= count) return count === 2 ? ' on both' : ` on all ${count}`;
  if (names.length <= 2) return ` on ${names.join(' and ')}`;
  const others = typeof all === 'number' ? [] : all.filter((name) => !names.includes(name));
  const not = others.length === 0 || others.length > 2 ? '' : `, not on ${others.join(' and ')}`;
  return ` on ${names.length} of ${count}${not}`;
}

/** What is the same on several load balancers, once, with their names, in the order in which it came. */
export function folded<T>(
  entries: readonly (readonly [address: string, entry: T])[],
  keyOf: (entry: T) => string,
): { readonly entry: T; readonly names: readonly string[] }[] {
  const byKey = new Map<string, { readonly entry: T; readonly names: string[] }>();
  for (const [address, entry] of entries) {
    const key = keyOf(entry);
    const known = byKey.get(key);
    if (!known) byKey.set(key, { entry, names: [address] });
    else if (!known.names.includes(address)) known.names.push(address);
  }
  return [...byKey.values()];
}
