// Makes a thing when it is first asked for, and hands out the same one from then on. Pure.

/** Where `make` throws, it is tried again by who asks next. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
