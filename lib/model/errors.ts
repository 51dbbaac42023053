// Errors that are meant for people: one line, the thing, the value, the next step.

/** A setting, argument or field that cannot be used, at a path (`pools.0.backend`, `HAPROXY_ADDRESSES`). */
export interface SettingProblem {
  readonly path: string;
  readonly message: string;
}

/** The configuration, the environment or an argument does not parse; all problems at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(
    readonly source: string,
    readonly problems: readonly SettingProblem[],
  ) {
    super(
      `${source}: ${problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')}`,
    );
  }
}

/** A host name has no usable address now; what it had before tells which slot is its own, and no more. */
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

/** The message of anything thrown, without stack, cause or properties (they may hold a token). */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
