// What `iri-lb serve` knows beside its looks: the local run's word, and what happened, from whoever kept it.
import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprintOf } from '../config/fingerprint.js';
import type { Config } from '../config/pools.js';
import { BUILD } from '../model/build.js';
import { messageOf } from '../model/errors.js';
import type { HistoryEvent } from '../model/history.js';
import { makeHistory } from '../run/history/history.js';
import { readLocalRun } from '../run/local-run.js';
import type { PageFeed } from '../serve/page/page.js';
import type { RunFigures } from '../serve/page/plot.js';
import type { ShownRuns } from '../serve/page/shown.js';
import { openSource } from './changes-open.js';
import type { OpenSource } from './changes-source.js';
import { isUsageError } from './usage.js';

export interface ServeFeed extends PageFeed {
  /** Throws wrong usage of `from`, and says what else is wrong with it. */
  check(): Promise<void>;
  /** Somebody has the page open. */
  open(): void;
  close(): void;
}

export interface ServeFeedDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As `--from` of `iri-lb changes`. */
  readonly from: string | undefined;
  readonly clock: { wallMs(): number };
  readonly config: Config;
  /** `isFound`: by a look of our own. */
  readonly onEvent: (event: HistoryEvent, isFound: boolean) => void;
  /** What there is comes from another source now. */
  readonly onSource: () => void;
  readonly onRun: (run: RunFigures) => void;
  readonly log: (line: string) => void;
}

const HOUR_MS = 3_600_000;
/** Until a source that is not there is looked for again, in milliseconds. */
const RETRY_MS = 5_000;
/** Events that are kept of a source, at most. */
const MOST = 2_000;

/** Without a source, what is found between two looks is told. */
export function makeServeFeed({
  env,
  from,
  clock,
  config,
  onEvent,
  onRun,
  onSource,
  log,
}: ServeFeedDeps): ServeFeed {
  const who = { build: BUILD.version, configuration: fingerprintOf(config) };
  let source: OpenSource | undefined;
  let events: HistoryEvent[] = [];
  let stop: AbortController | undefined;
  let own = makeOwn();
  let plotted = '';

  function makeOwn() {
    const history = makeHistory({ clock, warn: () => {}, who });
    history.subscribe((event) => onEvent(event, true));
    return history;
  }
  const plotOf = (event: HistoryEvent): void => {
    if (event.kind !== 'change' || event.lag === undefined) return;
    // The changes of one run are written down together.
    const run = `${event.at} ${event.lag.ms}`;
    if (run === plotted) return;
    plotted = run;
    const failed = event.result === 'failed';
    onRun({ atMs: Date.parse(event.at), runMs: null, lagMs: event.lag.ms, changes: 1, failed });
  };
  async function follow(signal: AbortSignal): Promise<void> {
    const opened = await openSource(from, { sinceMs: clock.wallMs() - HOUR_MS, env }).catch(() => undefined);
    if (!opened) return;
    if (signal.aborted) return opened.close();
    source = opened;
    events = [...opened.page.events].slice(-MOST);
    for (const event of events) plotOf(event);
    onSource();
    try {
      for await (const more of opened.more(signal))
        for (const event of more) {
          events.push(event);
          onEvent(event, false);
          plotOf(event);
        }
      events = events.slice(-MOST);
    } catch {
      // Whoever kept it is gone; what is found between two looks is told from now on.
    } finally {
      if (source === opened) source = undefined;
      if (!signal.aborted) onSource();
      await opened.close();
    }
  }

  /** Whoever keeps a history may come later, and come back. */
  async function keepFollowing(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await follow(signal);
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    source: () => (source ? source.name : 'found between two looks, while this page is open'),
    history(sinceMs) {
      if (!source) return own.since(sinceMs);
      const since = new Date(sinceMs).toISOString();
      return { cover: source.page.cover, events: events.filter(({ at }) => at >= since) };
    },
    async check() {
      if (!(from ?? env.IRI_LB_HISTORY)) return;
      try {
        await (await openSource(from, { sinceMs: clock.wallMs(), env })).close();
      } catch (error) {
        if (isUsageError(error)) throw error;
        log(`iri-lb: ${messageOf(error)}; until then what is found between two looks is shown`);
      }
    },
    runs: async () => {
      const run = await readLocalRun(env);
      return run || !source ? runsOf(run) : runsToldBy(source.name, events);
    },
    onLook: (look) => {
      if (!source) own.look(look);
    },
    open() {
      stop = new AbortController();
      // Nobody looked meanwhile: what is known begins here.
      own = makeOwn();
      void keepFollowing(stop.signal);
    },
    close() {
      stop?.abort();
      stop = undefined;
    },
  };
}

/** As far as a history says it: it has no runs that changed nothing. */
function runsToldBy(name: string, events: readonly HistoryEvent[]): ShownRuns {
  const last = events.findLast((event) => event.kind === 'change' && event.result === 'done');
  const about = events.filter(
    (event) =>
      (event.kind === 'runs-failing' || event.kind === 'runs-well') && event.loadBalancer === undefined,
  );
  const now = about.at(-1);
  return {
    by: `its last change in ${name}`,
    lastSuccessMs: last ? Date.parse(last.at) : null,
    paused: null,
    failing: now?.kind === 'runs-failing' ? { sinceMs: Date.parse(now.at), errors: now.errors } : null,
  };
}

function runsOf(run: Awaited<ReturnType<typeof readLocalRun>>): ShownRuns {
  if (!run) return { by: null, lastSuccessMs: null, paused: null, failing: null };
  const { paused, failing, lastSuccessMs } = run;
  return {
    by: `iri-lb run at ${run.url}`,
    lastSuccessMs: lastSuccessMs ?? null,
    paused: paused ? { sinceMs: paused.sinceMs, reason: paused.reason } : null,
    failing: failing ?? null,
  };
}
