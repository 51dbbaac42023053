// Name resolution, as a run is handed it. Pure.

/** The addresses of a host name (A and AAAA, any order). Throws where there is none, NotResolvedError with the last ones. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** A host name has no usable address now; what it had before tells which server is its own, and no more. */
export class NotResolvedError extends Error {
  override readonly name = 'NotResolvedError';
  constructor(
    message: string,
    /** The last answer in this environment, canonical IPs; empty: there was none. */
    readonly lastKnown: readonly string[],
  ) {
    super(message);
  }
}
