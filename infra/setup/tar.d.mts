// The types of tar.mjs.

export interface TarFile {
  readonly path: string;
  /** 0o644 or 0o755. */
  readonly mode: number;
  readonly contents: Buffer;
}

/** The same bytes for the same files, in whatever order they are given. */
export function tarGz(files: readonly TarFile[]): Buffer;
