// What happened, event by event, as the history keeps it: one JSON object a line, times in UTC. Pure.
import type { Action, ChangeResult } from './change.js';
import type { ServerSettings } from './server.js';

/** Of the lines; a reader passes over lines of another. */
export const HISTORY_VERSION = 1;

/** What had a run begin. */
export type Trigger = 'watch' | 'resync' | 'restart' | 'apply';

/** How long it took until a change was read back. */
export interface Lag {
  readonly ms: number;
  /** What it runs from: the return of the blocking query, the start of the function, the start of the run. */
  readonly from: 'blocking-query' | 'function-start' | 'run-start';
}

/** A server of one load balancer, and who is there. */
export interface EventPlace {
  readonly loadBalancer: string;
  readonly backend: string;
  readonly slot: string;
  /** `node/service-id`; null: nobody in Consul, or not known. */
  readonly instance: string | null;
}

/** A change that a run made, or could not make. */
export interface ChangeEvent extends EventPlace {
  readonly kind: 'change';
  readonly action: Action;
  readonly before: ServerSettings;
  readonly after: ServerSettings;
  readonly reason: string;
  readonly result: ChangeResult;
  readonly error?: string;
  readonly trigger?: Trigger;
  readonly lag?: Lag;
}

/** An operator, or an agent-check, put a server into drain, or took it out. Found by a look or a run. */
export interface DrainEvent extends EventPlace {
  readonly kind: 'drained' | 'undrained';
  /** It was so when it was looked at for the first time. */
  readonly already?: true;
}

/** Another process answers at the admin address. */
export interface RestartEvent {
  readonly kind: 'haproxy-restarted';
  readonly loadBalancer: string;
  readonly haproxy: string;
  readonly pid: number;
  /** When that process began, by its own word. */
  readonly since: string;
}

/** HAProxy's own check took a server out, or put it back. Found by a look. */
export interface CheckEvent extends EventPlace {
  readonly kind: 'server-down' | 'server-up';
  /** HAProxy's word: `DOWN`, `NOLB`, `UP`, … */
  readonly status: string;
  /** What its check ended with, and its words. */
  readonly check?: string;
  /** When, by HAProxy (`lastchg`); not known where it does not say. */
  readonly since?: string;
  /** It was so when this process was looked at for the first time. */
  readonly already?: true;
}

/** A server is not what it was at the last look, and no run of this process made it so. */
export interface ElsewhereEvent extends EventPlace {
  readonly kind: 'changed-elsewhere';
  readonly before: ServerSettings;
  readonly after: ServerSettings;
}

/** Runs began to fail, or fail for another reason; `loadBalancer` where it is one's own failure. */
export interface FailingEvent {
  readonly kind: 'runs-failing';
  readonly loadBalancer?: string;
  readonly errors: readonly string[];
}

export interface WellEvent {
  readonly kind: 'runs-well';
  readonly loadBalancer?: string;
  /** When they began to fail; absent: before the history does. */
  readonly since?: string;
}

export interface ConsulLostEvent {
  readonly kind: 'consul-lost';
  readonly error: string;
}

export interface ConsulBackEvent {
  readonly kind: 'consul-back';
  readonly since?: string;
}

/** Who keeps the history is another build, or reads another configuration, than who kept it before. */
export interface OtherEvent {
  readonly kind: 'configuration-changed' | 'version-changed';
  readonly before: string;
  readonly after: string;
}

/** Marks: what the history covers follows from these alone. */
export interface StartedEvent {
  readonly kind: 'started';
  /** `process`: it goes on; `run`: it is one run, before and after which nobody looks. */
  readonly what: 'process' | 'run';
  readonly build: string;
  /** The fingerprint of the configuration. */
  readonly configuration: string;
}

/** Nothing else happened for a while, and it would have been seen. */
export interface WatchedEvent {
  readonly kind: 'watched';
}

export interface StoppedEvent {
  readonly kind: 'stopped';
}

/** From `from` on until this event nothing could be kept. */
export interface GapEvent {
  readonly kind: 'gap';
  readonly from: string;
  readonly reason: string;
}

export type Mark = StartedEvent | WatchedEvent | StoppedEvent | GapEvent;
/** What is told of. */
export type Happening =
  | ChangeEvent
  | DrainEvent
  | RestartEvent
  | CheckEvent
  | ElsewhereEvent
  | FailingEvent
  | WellEvent
  | ConsulLostEvent
  | ConsulBackEvent
  | OtherEvent;
/** An event before it is kept. */
export type NewEvent = Happening | Mark;

/**
 * An event as it is kept. `at`: when it happened or, of what is found between two looks, when it was found; ISO, UTC,
 * in milliseconds.
 */
export type HistoryEvent = { readonly version: typeof HISTORY_VERSION; readonly at: string } & NewEvent;

/** A stretch of time of which nothing is known. */
export interface Gap {
  readonly from: string;
  readonly until: string;
  readonly reason: string;
}

/** Which time a source of events knows of. */
export interface Cover {
  /** Undefined: it knows of none. */
  readonly from?: string;
  readonly until?: string;
  /** Within that, the oldest first. */
  readonly gaps: readonly Gap[];
}

/** Events of a stretch of time, the oldest first, and how far they are all. */
export interface Page {
  readonly cover: Cover;
  /** Without marks. */
  readonly events: readonly HistoryEvent[];
}

const MARKS: ReadonlySet<string> = new Set<Mark['kind']>(['started', 'watched', 'stopped', 'gap']);

export const isMark = ({ kind }: { readonly kind: string }): boolean => MARKS.has(kind);

export const isoOf = (ms: number): string => new Date(ms).toISOString();
