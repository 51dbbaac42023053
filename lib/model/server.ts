// A server as HAProxy has it, and one HAProxy as it was read. Pure.
import type { Fixed } from './fixed.js';
import type { Problem } from './problem.js';

export type SlotState = 'ready' | 'drain' | 'maintenance';

/** What a server holds, before or after a change. */
export interface ServerSettings {
  /** Canonical IP, or null where none was ever set. */
  readonly address: string | null;
  readonly port: number;
  /** 0 to 256. */
  readonly weight: number;
  /** 0 is no limit. */
  readonly maxconn: number;
  readonly state: SlotState;
}

/** A server as HAProxy lists it. */
export interface ObservedServer extends ServerSettings {
  readonly slot: string;
  /** Requests running or queued. */
  readonly sessions: number;
  /** HAProxy's own word from its checks: `UP`, `DOWN`, `MAINT`, … */
  readonly status: string;
  /** Whether connections to it use TLS; undefined where this version does not say. */
  readonly tls: boolean | undefined;
  /** Whether an agent-check is enabled for it; undefined: no. */
  readonly hasAgent?: true | undefined;
  /**
   * What HAProxy's last agent-check ended with: `L7OK` and `L7STS` (it said up, down), `CHECKED` (neither),
   * `L4CON`, …; undefined where no agent of the backend says anything that has to be looked at.
   */
  readonly agentStatus?: string | undefined;
  /** Why it cannot be given to anybody; undefined: it can. */
  readonly fixed?: Fixed | undefined;
}

/**
 * Whether requests reach it: it is ready, HAProxy does not have it DOWN (nor NOLB, which a check that was
 * answered 404 makes of it under `disable-on-404`), and its weight is above 0.
 */
export function isServing({
  state,
  status,
  weight,
}: Pick<ObservedServer, 'state' | 'status' | 'weight'>): boolean {
  return state === 'ready' && weight > 0 && !/^(?:DOWN|NOLB)/.test(status);
}

export interface ProcessInfo {
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** Seconds since the epoch by its own clock; undefined where this version does not say. */
  readonly startedAt?: number;
  /** Connections and requests that it ever took, and bytes that it sent: they only grow. */
  readonly counters?: readonly number[];
  readonly node: string;
  readonly stopping: boolean;
}

/** What a check of HAProxy's, or an agent-check, ended with last. */
export interface CheckDetail {
  /** `L4OK`, `L7STS`, …; with a star before it while the next one runs (3.0 and later). */
  readonly status: string;
  /** What was answered, or what went wrong, in HAProxy's words; empty where it says nothing. */
  readonly words: string;
}

/** What HAProxy tells of a server that no run asks for, and people do. */
export interface ServerDetail {
  /** Since its status changed last, in seconds; undefined: never, or not told. */
  readonly sinceSeconds?: number;
  readonly check?: CheckDetail;
  readonly agent?: CheckDetail;
  /** Requests running, and queued for it. */
  readonly running: number;
  readonly queued: number;
  /** New sessions in the last second, and in all. */
  readonly rate: number;
  readonly total: number;
  /** Connections that failed, answers that were none, and requests that were sent once more. */
  readonly errors: { readonly connect: number; readonly response: number; readonly retries: number };
}

/** Of the servers of a backend, by slot; undefined: it has none of that name. */
export type DetailsOfBackend = Pick<ReadonlyMap<string, ServerDetail>, 'get'>;

/** One HAProxy as it was read. */
export interface Observed {
  readonly process: ProcessInfo;
  /** Backend to its servers. */
  readonly backends: ReadonlyMap<string, readonly ObservedServer[]>;
  /** Where it was asked for. */
  readonly details?: ReadonlyMap<string, DetailsOfBackend>;
  /** Backend to HAProxy's own words for the states of its servers: the same text again means the same states. */
  readonly texts?: ReadonlyMap<string, string>;
  /** Backends whose balance is known to take no weights. */
  readonly staticBalance?: ReadonlySet<string>;
  /** Why backends that were asked for are not among them, by name. */
  readonly failures?: ReadonlyMap<string, Problem>;
}
