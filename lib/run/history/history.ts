// The history that a process keeps: what runs and looks found, in memory and, where one is named, in a file.
import type { Clock } from '../../model/clock.js';
import {
  HISTORY_VERSION,
  type HistoryEvent,
  isMark,
  isoOf,
  type Lag,
  type NewEvent,
  type Page,
  type Trigger,
} from '../../model/history.js';
import type { Report } from '../../model/report.js';
import { coverSince, noteCover } from './cover.js';
import { openHistoryFile } from './file.js';
import { type LookFacts, makeFinder, type Who } from './find-events.js';
import { lineOf } from './line.js';
import { makeRing } from './ring.js';

/** Events in memory, at most. */
const MOST_EVENTS = 10_000;
/** After so long without an event a line says that it is still being kept, in milliseconds. */
const BEAT_MS = 60_000;
/** Of a name or a sentence, in characters. */
const MAX_TEXT = 1_000;
/** So many times the time between two runs without any: then nobody looked, as when a laptop slept. */
const SILENT_BEATS = 3;

export interface HistoryOptions {
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Told once of whatever keeps the file from being written. */
  readonly warn: (message: string) => void;
  readonly who: Who;
  /** A path; undefined: in memory only. */
  readonly file?: string;
  /** `run`: one run, before and after which nobody looks. By default a process that goes on. */
  readonly what?: 'process' | 'run';
  /** Between two runs at most, in milliseconds; a minute by default. */
  readonly everyMs?: number;
}

export interface AboutRun {
  readonly trigger: Trigger;
  /** From the return of the blocking query (`watch`), else from the start of the run, until it was read back. */
  readonly lagMs?: number;
}

/** Nothing here throws: what cannot be kept is warned about, and the gap is marked. */
export interface History {
  /** A run that wrote, or could have. Before the look that was taken after it. */
  report(report: Report, about: AboutRun): void;
  /** A run that ended without a report. */
  failed(error: string): void;
  /** What was there while no run of this process was going on. A FleetLook, or the part of one that there is. */
  look(look: LookFacts): void;
  /** The configuration was read again. */
  identify(who: Who): void;
  event(event: NewEvent): void;
  /** What is in memory from then on (milliseconds since the epoch), the oldest first. */
  since(ms: number): Page;
  /** Told of each event, without marks; returns what ends that. */
  subscribe(listener: (event: HistoryEvent) => void): () => void;
  /** Says that it ends here, and lets go of the file. */
  close(): void;
}

/** Throws HistoryFileError where `file` is not one that may be written. */
export function makeHistory(options: HistoryOptions): History {
  const { clock, who, what = 'process', everyMs = BEAT_MS } = options;
  const ring = makeRing(MOST_EVENTS);
  const note = noteCover();
  const finder = makeFinder();
  const listeners = new Set<(event: HistoryEvent) => void>();
  const silenceMs = SILENT_BEATS * Math.max(everyMs, BEAT_MS);
  let lastMs = clock.wallMs();

  const remember = (event: HistoryEvent, line: string): void => {
    note.add(event);
    const oldest = isMark(event) ? undefined : ring.add(event.at, line);
    if (oldest !== undefined) note.forget(oldest);
  };
  const keep = (event: HistoryEvent): void => {
    remember(event, lineOf(event));
    file?.append(event);
    if (isMark(event)) return;
    for (const listener of listeners) listener(event);
  };
  const put = (event: NewEvent): void => {
    lastMs = clock.wallMs();
    const { kind, ...facts } = event;
    keep({ version: HISTORY_VERSION, at: isoOf(lastMs), kind, ...bounded(facts) } as HistoryEvent);
  };
  /** A run or a look is over: also where it found nothing, that is known now. */
  const found = (events: readonly NewEvent[]): void => {
    const silentMs = clock.wallMs() - lastMs;
    if (silentMs > silenceMs) put({ kind: 'gap', from: isoOf(lastMs), reason: 'nothing ran' });
    for (const event of events) put(event);
    if (events.length === 0 && silentMs >= BEAT_MS) put({ kind: 'watched' });
  };

  const file =
    options.file === undefined
      ? undefined
      : openHistoryFile(options.file, { warn: options.warn, nowMs: () => clock.wallMs() });
  for (const { event, line } of file?.past ?? []) {
    remember(event, line);
    finder.recall(event);
  }
  put({ kind: 'started', what, ...who });
  for (const event of finder.ofIdentity(who)) put(event);
  return {
    report: (report, about) => found(finder.ofReport(report, { ...about, ...lagOf(about) }, clock.wallMs())),
    failed: (error) => found(finder.ofFailure(error, clock.wallMs())),
    look: (look) => found(finder.ofLook(look)),
    identify: (now) => found(finder.ofIdentity(now)),
    event: put,
    since(ms) {
      const since = isoOf(ms);
      const now = clock.wallMs();
      // Nothing was due since the last event: it would be known.
      const until = now - lastMs > silenceMs ? {} : { until: isoOf(Math.max(now, lastMs)) };
      return { cover: { ...coverSince(note.cover(), since), ...until }, events: ring.since(since) };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      put({ kind: 'stopped' });
      file?.close();
    },
  };
}

/** Names that somebody registered may be of any length. */
const bounded = (facts: object): object =>
  Object.fromEntries(
    Object.entries(facts).map(([name, fact]) =>
      typeof fact === 'string' && fact.length > MAX_TEXT
        ? [name, `${fact.slice(0, MAX_TEXT)}…`]
        : [name, fact],
    ),
  );

const lagOf = ({ trigger, lagMs }: AboutRun): { readonly lag?: Lag } =>
  lagMs === undefined
    ? {}
    : { lag: { ms: lagMs, from: trigger === 'watch' ? 'blocking-query' : 'run-start' } };
