// What a running `iri-lb run` says of itself at /health: the interface of whoever asks it. Types only.

/** Why nothing is written: a file that somebody made, one that cannot be read, or how it was started. */
export type PauseCause = 'file' | 'unreadable' | 'dry';

/** A brake that is on. Times are ISO 8601, in UTC, here and everywhere below. */
export interface PauseHealth {
  readonly cause: PauseCause;
  readonly since: string;
  /** The file's text; what is wrong with it; `--dry`. */
  readonly reason: string;
}

/** A server that somebody else sets back, in the run's own words and theirs. */
export interface ContestedHealth {
  readonly loadBalancer: string;
  readonly backend: string;
  readonly slot: string;
  readonly field: string;
  readonly ours: string;
  readonly theirs: string;
  readonly since: string;
}

/** What `GET /health` answers. */
export interface RunHealth {
  readonly version: 1;
  /** Tells this from whatever else may listen at that port. */
  readonly program: 'iri-lb run';
  /** False with status 503: no run succeeded for three resync intervals. */
  readonly ok: boolean;
  readonly build: { readonly version: string; readonly commit: string };
  /** `fingerprintOf` the configuration that is used. */
  readonly fingerprint: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly runs: number;
  /** How often all is read, in milliseconds. */
  readonly resyncMs: number;
  /** The last run that ended. */
  readonly lastRun: {
    readonly at: string;
    readonly cause: string;
    readonly outcome: string;
    readonly changes: number;
    readonly durationMs: number;
  } | null;
  /** When the last run ended of which every load balancer was known, read, written and read back. */
  readonly lastSuccess: string | null;
  readonly paused: PauseHealth | null;
  /** What the last run failed of, and since when runs have. */
  readonly failing: { readonly since: string; readonly errors: readonly string[] } | null;
  /** A configuration that could not be used when it was read again; the one before is used on. */
  readonly rejected: { readonly at: string; readonly problems: readonly string[] } | null;
  readonly contested: readonly ContestedHealth[];
  /** The blocking queries, one for each service. */
  readonly watches: readonly { readonly service: string; readonly error: string | null }[];
  readonly loadBalancers: readonly { readonly address: string; readonly error: string | null }[];
  /** Warnings of the last run, and what was said in passing. */
  readonly warnings: readonly string[];
}
