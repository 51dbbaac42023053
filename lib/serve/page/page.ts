// The page's server side: looks for everybody who has it open, and tells them what is another.
import type { ServerResponse } from 'node:http';
import { keepRows } from '../../consul/checks.js';
import { makeSource } from '../../consul/source.js';
import { messageOf } from '../../model/errors.js';
import type { HistoryEvent, Page as HistoryPage } from '../../model/history.js';
import { plainText } from '../../model/text.js';
import { abortable } from '../../run/abortable.js';
import type { FleetLook } from '../../run/look.js';
import type { Runner } from '../../run/runner.js';
import { statusOf } from '../../run/status.js';
import { makeHub } from './hub.js';
import { keepReading } from './kept-reading.js';
import { makeLooker } from './looker.js';
import { patchBetween } from './patch.js';
import { makePlot, type Plot, type RunFigures } from './plot.js';
import type {
  EventMessage,
  FullMessage,
  PatchMessage,
  PlotPoint,
  ShownCover,
  ShownHead,
  ShownRuns,
} from './shown.js';
import { NOTHING, type Snapshot, snapshotOf } from './snapshot.js';
import { answerWhy } from './why-answer.js';

/** What is known beside the look. */
export interface PageFeed {
  /** Who keeps the fleet; asked with each look. Never throws. */
  readonly runs: () => Promise<ShownRuns> | ShownRuns;
  /** Events from then on, milliseconds since the epoch. */
  readonly history: (sinceMs: number) => HistoryPage;
  /** Where these come from, in words. */
  readonly source: () => string;
  /** Told of each look that ended. */
  readonly onLook?: (look: FleetLook) => void;
}

export interface PageDeps {
  /** As it is now: another one after the configuration was read again. */
  readonly runner: () => Runner;
  readonly feed: PageFeed;
  /** Whether changes of Consul are heard of. */
  readonly isWatched: () => boolean;
  readonly clock: { wallMs(): number; monotonicMs(): number };
  /** What runs took until now; empty by default. */
  readonly plot?: Plot;
  /** Told when somebody opens the first page, and when the last one is closed. */
  readonly onWatched?: (isWatched: boolean) => void;
}

export interface PageServer {
  /** Somebody opened the stream. */
  open(response: ServerResponse): void;
  /** Status and answer: why whoever is named is where, by the last look. */
  why(asked: string): { readonly status: number; readonly body: unknown };
  /** Consul says something else. */
  consulChanged(): void;
  runBegins(): void;
  /** `isLook`: it changed nothing. */
  runEnds(isLook?: boolean): void;
  /** A run's figures, for the plot. */
  ran(run: RunFigures): void;
  /** `isOurs`: a run that was told of made it; else who did it is another process, and it is looked at. */
  happened(event: HistoryEvent, isOurs?: boolean): void;
  /** Where the changes come from is another source. */
  sourceChanged(): void;
  readonly browsers: number;
  /** Looks that were made, and milliseconds that they took. */
  readonly looks: { readonly count: number; readonly totalMs: number };
  close(): void;
}

/** Events that a page gets when it is opened, at most. */
const MOST_EVENTS = 300;
const HOUR_MS = 3_600_000;
/** What happens within so long is told together, in milliseconds. */
const TOGETHER_MS = 50;
/** While a look takes long, browsers are told that we are here, in milliseconds. */
const BEAT_MS = 5_000;
/** After a change in Consul, in milliseconds: until then a run of another process has most likely ended. */
const LATER_MS = [500, 1_500];

export function makePage({
  runner,
  feed,
  isWatched,
  clock,
  onWatched,
  plot = makePlot(),
}: PageDeps): PageServer {
  let seq = 0;
  let last: Snapshot | undefined;
  let lastLook: FleetLook | undefined;
  let lookError: string | null = null;
  let reading = readingOf(runner());
  const looks = { count: 0, totalMs: 0 };
  let later: NodeJS.Timeout[] = [];
  let beat: NodeJS.Timeout | undefined;
  let remembered = NOTHING;
  const events: HistoryEvent[] = [];
  const points = new Map<number, PlotPoint>();
  let telling: NodeJS.Timeout | undefined;

  function readingOf(of: Runner) {
    const rows = keepRows(of.client);
    const own = makeSource({ client: rows.client, clock: of.deps.clock });
    return { of, rows, source: keepReading(own, isWatched, () => clock.monotonicMs()) };
  }

  const full = (): FullMessage => {
    // It has them, too: nobody is told of them after it.
    tellWhatHappened();
    const now = clock.wallMs();
    const page = feed.history(now - HOUR_MS);
    return {
      ...{ seq, atMs: last?.atMs ?? null, nowMs: now, head: headOf(last), slots: last?.slots ?? [] },
      ...{ events: page.events.slice(-MOST_EVENTS), plot: plot.points(now), load: last?.load ?? [] },
      cover: coverOf(page),
    };
  };
  const headOf = (snapshot: Snapshot | undefined): ShownHead | null =>
    snapshot ? { ...snapshot.head, lookError } : lookError === null ? null : { ...EMPTY_HEAD, lookError };
  const coverOf = ({ cover, events }: HistoryPage): ShownCover => {
    const cut = events.length > MOST_EVENTS ? events.at(-MOST_EVENTS)?.at : undefined;
    const since = cut ?? cover.from;
    return { source: feed.source(), sinceMs: since === undefined ? null : Date.parse(since) };
  };
  const hub = makeHub({
    full,
    onCount: (count) => {
      if (count <= 1) onWatched?.(count > 0);
      looker.watchedBy(count);
      if (count === 0) forgetAll();
      else beat ??= setInterval(() => hub.send('beat', { nowMs: clock.wallMs() }), BEAT_MS);
    },
  });

  /** A run that changes two thousand servers is one message, not two thousand for each browser. */
  function tellSoon(): void {
    if (hub.count === 0) points.clear();
    else telling ??= setTimeout(tellWhatHappened, TOGETHER_MS);
  }
  function tellWhatHappened(): void {
    clearTimeout(telling);
    telling = undefined;
    if (events.length === 0 && points.size === 0) return;
    const message: EventMessage = { events: events.splice(0), plot: [...points.values()] };
    points.clear();
    hub.send('events', message);
  }

  /** What nobody sees need not be kept, and would be old when somebody comes. */
  function forgetAll(): void {
    clearInterval(beat);
    beat = undefined;
    events.length = 0;
    last = undefined;
    lastLook = undefined;
    lookError = null;
    reading = readingOf(runner());
  }

  async function look(signal: AbortSignal): Promise<void> {
    const startedAt = clock.monotonicMs();
    if (reading.of !== runner()) reading = readingOf(runner());
    try {
      const [taken, runs] = await Promise.all([
        reading.of.look({
          source: reading.source,
          details: 'all',
          connect: abortable(reading.of.connectToLook, signal),
        }),
        feed.runs(),
      ]);
      if (signal.aborted || hub.count === 0) return;
      // A second look or rights may have been refused: what is not trusted is asked for again.
      if (taken.consulError !== undefined) reading.source.forget();
      const { config } = reading.of.settings;
      const next = snapshotOf(taken, statusOf(taken, config), config, runs, remembered);
      remembered = next.remembered;
      feed.onLook?.(taken);
      lastLook = taken;
      tell(next, null);
    } catch (error) {
      if (!signal.aborted && hub.count > 0) tell(last, plainText(messageOf(error), 500));
    } finally {
      looks.count += 1;
      looks.totalMs += clock.monotonicMs() - startedAt;
    }
  }

  function tell(next: Snapshot | undefined, error: string | null): void {
    const before = last;
    const wasError = lookError;
    last = next;
    lookError = error;
    seq += 1;
    const patch = before && next && patchBetween(before, next);
    if (!patch) {
      hub.sendFull();
      return;
    }
    const head = error === wasError ? patch.head : next.head;
    const message: PatchMessage = {
      ...{ seq, atMs: next.atMs, nowMs: clock.wallMs(), ...patch },
      ...(head ? { head: { ...head, lookError: error } } : {}),
    };
    hub.send('patch', message);
  }

  const looker = makeLooker({ look, now: () => clock.monotonicMs() });
  return {
    open: (response) => hub.add(response),
    why: (asked) =>
      answerWhy(asked, lastLook, reading.of.settings.config, (service) => reading.rows.rowsOf(service)),
    consulChanged() {
      reading.source.forget();
      looker.poke();
      // Whoever acts on it, elsewhere, is still to do so.
      for (const timer of later) clearTimeout(timer);
      later = LATER_MS.map((ms) => setTimeout(() => looker.poke(), ms));
    },
    runBegins: () => looker.runBegins(),
    runEnds(isLook = false) {
      if (!isLook) reading.source.forget();
      looker.runEnds(!isLook);
    },
    ran(run) {
      const point = plot.add(run);
      points.set(point.atMs, point);
      tellSoon();
    },
    happened(event, isOurs = false) {
      if (!isOurs) looker.poke();
      if (hub.count === 0) return;
      events.push(event);
      if (events.length > MOST_EVENTS) events.shift();
      tellSoon();
    },
    sourceChanged: () => hub.sendFull(),
    get browsers() {
      return hub.count;
    },
    looks,
    close() {
      for (const timer of later) clearTimeout(timer);
      clearInterval(beat);
      clearTimeout(telling);
      looker.close();
      hub.close();
    },
  };
}

const EMPTY_HEAD: ShownHead = {
  build: '',
  fingerprint: '',
  consul: { index: null, instances: null, error: null, asOfMs: null },
  runs: { by: null, lastSuccessMs: null, paused: null, failing: null },
  balancers: [],
  pools: [],
  findings: [],
  moreFindings: 0,
  pending: null,
  changes: [],
  unslotted: [],
  lookError: null,
};
