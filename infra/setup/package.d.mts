// The types of package.mjs.

/** Makes the package and its sum in a folder; the package's path, its size in bytes and its SHA-256 in hexadecimal. */
export function makePackage(
  out: string,
): Promise<{ readonly path: string; readonly bytes: number; readonly sum: string }>;
