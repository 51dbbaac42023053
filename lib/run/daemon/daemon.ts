// `iri-lb run`: one process that keeps HAProxy what Consul says, from its start until it is told to stop.

import type { Settings } from '../../config/environment.js';
import { fingerprintOf } from '../../config/fingerprint.js';
import { makeSource } from '../../consul/source.js';
import { withToldRows } from '../../consul/told-rows.js';
import { parseAdminAddress, type SocketAddress } from '../../model/admin-address.js';
import { buildText } from '../../model/build.js';
import { ConfigError, messageOf, settingText } from '../../model/errors.js';
import type { HistoryEvent, Page } from '../../model/history.js';
import { reported, textOf } from '../../model/problem.js';
import { failuresOf, type Report } from '../../model/report.js';
import type { RunHealth } from '../../model/run-health.js';
import { longestRunMs } from '../concurrency.js';
import type { AboutRun, History } from '../history/history.js';
import { servicesOf } from '../read-at-once.js';
import { makeRunner, type Runner } from '../runner.js';
import { systemClock } from '../system-clock.js';
import { makeProcesses, type Processes } from '../two-processes.js';
import { type Contested, contestedProblem, makeContest } from './contest.js';
import type { RunLog } from './log.js';
import { type Cause, makeLoop, type Trigger } from './loop.js';
import { dryPause, type Pause, readPause } from './pause.js';
import { type Around, hasSucceeded, makeRunState } from './state.js';
import { makeTriggers, type Triggers } from './triggers.js';

export interface DaemonOptions {
  /** Reads configuration and token file; throws ConfigError, or whatever says what is wrong. */
  readonly read: () => Promise<Settings>;
  readonly resyncMs: number;
  /** Nothing is written while it is there. */
  readonly pauseFile: string;
  /** Nothing is written at all. */
  readonly dry: boolean;
  readonly log: RunLog;
  /** What keeps the history, once it is known what is run. */
  readonly history: (fingerprint: string) => History;
  /** Told when a run has ended, or what is known has changed. */
  readonly onChange?: () => void;
  /** Where this process listens itself: nobody may be served there. */
  readonly listeners?: readonly string[];
  /** Told of each run that begins and ends, also of what is done for the history alone. */
  readonly onRuns?: RunWatcher;
}

export interface RunWatcher {
  runBegins(): void;
  /** `isLook`: it was for the history alone. */
  runEnds(isLook: boolean): void;
  /** Of a run that wrote, or could have; `lagMs` from when Consul's answer came. */
  ran(run: {
    readonly atMs: number;
    readonly runMs: number | null;
    readonly lagMs: number | null;
    readonly changes: number;
    readonly failed: boolean;
  }): void;
}

export interface Daemon {
  /** Settles when the first run has ended, however it did. */
  readonly ready: Promise<void>;
  /** Reads configuration and token file again, and keeps the old where that cannot be used. */
  reload(): Promise<void>;
  /** Finishes the run that it is in. */
  stop(): Promise<void>;
  /** Whether the loop turns: no run is far beyond its time. */
  isAlive(): boolean;
  health(): RunHealth;
  metrics(): string;
  status(): string;
  /** Events from then on, milliseconds since the epoch. */
  history(sinceMs: number): Page;
  /** Told of each event; returns what ends that. */
  subscribe(listener: (event: HistoryEvent) => void): () => void;
  /** As it is now. */
  runner(): Runner;
  isWatched(): boolean;
}

/** After a run that failed, in milliseconds; doubled up to the resync's interval. */
const FIRST_RETRY_MS = 1_000;
/** How far beyond its own time a run may be before the loop counts as stuck, in milliseconds. */
const STUCK_MS = 60_000;

/** Looks for the history take a share of one in so many: of thousands of servers each takes a while. */
const LOOK_REST = 500;
/** One that waited for a socket was no work. */
const LONGEST_LOOK_REST_MS = 60_000;

/** Starts it. Throws what `read` throws: what cannot be used at the start ends it. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { read, resyncMs, log } = options;
  const clock = systemClock;
  let settings = await read();
  let fingerprint = fingerprintOf(settings.config);
  const history = options.history(fingerprint);
  const state = makeRunState({ clock, resyncMs, fingerprint });
  const contest = makeContest(() => clock.monotonicMs());
  const processes = rememberPids(makeProcesses());
  const say = (message: string): void => {
    log.say('WARN', message);
    state.said(message);
  };
  let runner: Runner = makeRunner(settings, say, { processes, listeners: options.listeners });
  let triggers: Triggers | undefined;
  let pause: Pause | undefined = options.dry ? dryPause(clock.wallMs()) : undefined;
  let begunAt: number | undefined;
  let number = 0;
  let failures = 0;
  let lookAt = 0;
  let retry: NodeJS.Timeout | undefined;
  let firstEnded = (): void => {};
  const ready = new Promise<void>((resolve) => {
    firstEnded = resolve;
  });

  /** Also says so, the moment it changes. */
  function lookForPause(): void {
    const before = pause;
    if (!options.dry) pause = readPause(options.pauseFile, clock.wallMs(), before);
    state.paused(pause);
    if (before?.cause === pause?.cause && before?.reason === pause?.reason) return;
    log.tell('WARN', pause ? `paused: ${pause.reason} (${options.pauseFile})` : 'no longer paused');
    options.onChange?.();
    if (before && !pause) loop.push({ cause: 'resume', atMs: clock.monotonicMs() });
  }

  const loop = makeLoop(async (trigger) => {
    begunAt = clock.monotonicMs();
    options.onRuns?.runBegins();
    try {
      // While something fails, a look would wait for it as long as the run does.
      if ((trigger.cause === 'look' || trigger.cause === 'resync') && failures === 0) await lookForHistory();
      if (trigger.cause !== 'look') await run(trigger);
    } catch (bug) {
      say(`a bug of iri-lb: ${messageOf(bug)}`);
    } finally {
      begunAt = undefined;
      options.onRuns?.runEnds(trigger.cause === 'look');
      firstEnded();
      options.onChange?.();
    }
  });

  async function run(trigger: Trigger): Promise<void> {
    lookForPause();
    number += 1;
    const name = { number, cause: trigger.cause, fingerprint, paused: pause?.reason };
    const about = { trigger: HISTORY_TRIGGER[trigger.cause] };
    try {
      const { atLeast, told } = trigger;
      const mode = pause ? 'plan' : 'apply';
      const made = await runner.run({
        mode,
        // What came along is taken apart while HAProxy lists; other services have to be asked for.
        readsAtOnce: told === undefined || new Set(servicesOf(settings.config)).size > 1,
        ...(atLeast ? { atLeast } : {}),
        ...(told ? { source: makeSource({ client: withToldRows(runner.client, told, clock), clock }) } : {}),
      });
      const elapsedMs = Math.round(clock.monotonicMs() - trigger.atMs);
      if (mode === 'apply') contest.note(made, processes.pidOf);
      const report = withContested(made, contest.found());
      state.finished(report, trigger, elapsedMs);
      options.onRuns?.ran(figuresOf(report, trigger, elapsedMs, clock.wallMs()));
      log.report(report, { ...name, elapsedMs });
      if (mode === 'apply') history.report(report, { ...about, lagMs: elapsedMs });
      triggers?.follow(addressesIn(report));
      again(hasSucceeded(report) && failuresOf(report).length === 0);
    } catch (error) {
      const message = messageOf(error);
      state.failed(message, trigger);
      options.onRuns?.ran({ atMs: clock.wallMs(), runMs: null, lagMs: null, changes: 0, failed: true });
      log.failed(message, name);
      history.failed(message);
      again(false);
    }
  }

  /** A run that failed is made again, sooner than the resync: what it failed of may be over. */
  function again(isWell: boolean): void {
    clearTimeout(retry);
    failures = isWell ? 0 : failures + 1;
    if (isWell) return;
    const inMs = FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20);
    if (inMs < resyncMs)
      retry = setTimeout(() => loop.push({ cause: 'retry', atMs: clock.monotonicMs() }), inMs);
  }

  async function lookForHistory(): Promise<void> {
    const startedAt = clock.monotonicMs();
    if (startedAt < lookAt) return;
    try {
      history.look(await runner.look());
    } catch (error) {
      say(messageOf(error));
    }
    const endedAt = clock.monotonicMs();
    lookAt = endedAt + Math.min(LONGEST_LOOK_REST_MS, LOOK_REST * (endedAt - startedAt));
  }

  const startTriggers = (): Triggers =>
    makeTriggers({
      settings,
      clock,
      resyncMs,
      log: say,
      tell: (line) => log.tell('WARN', line),
      push: (trigger) => loop.push(trigger),
      isRunning: () => loop.running,
      onTick: lookForPause,
    });

  async function reload(): Promise<void> {
    try {
      settings = await read();
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map(settingText) : [messageOf(error)];
      for (const problem of problems)
        log.tell('ERROR', `the configuration is not used, the old one is: ${problem}`);
      state.rejected(problems);
      options.onChange?.();
      return;
    }
    const before = fingerprint;
    fingerprint = fingerprintOf(settings.config);
    state.loaded(fingerprint);
    history.identify({ build: buildText(), configuration: fingerprint });
    runner = makeRunner(settings, say, { processes, listeners: options.listeners });
    triggers?.close();
    triggers = startTriggers();
    const what = fingerprint === before ? 'it is the same' : `it was ${before}`;
    log.tell(
      'INFO',
      `configuration ${fingerprint} was read, ${what}; what comes from the environment needs a restart`,
    );
    loop.push({ cause: 'reload', atMs: clock.monotonicMs() });
  }

  const around = (): Around => ({
    watches: triggers?.watches() ?? [],
    loadBalancers: triggers?.loadBalancers() ?? [],
    contested: contest.found(),
  });

  if (pause) log.say('WARN', `paused: ${pause.reason}; nothing is written`);
  loop.push({ cause: 'start', atMs: clock.monotonicMs() });
  triggers = startTriggers();
  return {
    ready,
    reload,
    async stop() {
      triggers?.close();
      clearTimeout(retry);
      await loop.stop();
      clearTimeout(retry);
      runner.client.close();
      history.close();
    },
    isAlive: () => {
      const count = Math.max(1, processes.count());
      return (
        begunAt === undefined ||
        clock.monotonicMs() - begunAt < longestRunMs(settings.config, count) + STUCK_MS
      );
    },
    health: () => state.health(around()),
    metrics: () => state.metrics(around()),
    status: () => state.status(),
    history: (sinceMs) => history.since(sinceMs),
    subscribe: (listener) => history.subscribe(listener),
    runner: () => runner,
    isWatched: () => triggers?.watches().every(({ error }) => error === null) ?? false,
  };
}

/** For people who look. The lag of a resync says nothing: nobody waited for it. */
function figuresOf(report: Report, { cause }: Trigger, elapsedMs: number, atMs: number) {
  const changes = report.loadBalancers.reduce((sum, one) => sum + one.changes.length, 0);
  const lagMs = cause === 'watch' && changes > 0 ? elapsedMs : null;
  return { atMs, runMs: report.durationMs, lagMs, changes, failed: !hasSucceeded(report) };
}

const HISTORY_TRIGGER: Readonly<Record<Cause, AboutRun['trigger']>> = {
  watch: 'watch',
  haproxy: 'restart',
  start: 'resync',
  resync: 'resync',
  look: 'resync',
  retry: 'resync',
  resume: 'resync',
  reload: 'resync',
  wake: 'resync',
};

/** What two-processes knows, and the last pid at each address. */
function rememberPids(own: Processes) {
  const pids = new Map<string, number>();
  return {
    meet(address: string, ...met: [Parameters<Processes['meet']>[1], number]) {
      pids.set(address, met[0].pid);
      return own.meet(address, ...met);
    },
    pidOf: (address: string) => pids.get(address),
    count: () => pids.size,
  };
}

function addressesIn({ loadBalancers }: Report): SocketAddress[] {
  return loadBalancers.flatMap(({ address }) => {
    const parsed = parseAdminAddress(address);
    return parsed && parsed.kind !== 'consul' ? [parsed] : [];
  });
}

/** The report with what is contested on each load balancer: a warning, as others. */
function withContested(report: Report, found: readonly Contested[]): Report {
  if (found.length === 0) return report;
  const loadBalancers = report.loadBalancers.map((one) => {
    const problems = found.filter(({ loadBalancer }) => loadBalancer === one.address).map(contestedProblem);
    return {
      ...one,
      warnings: [...one.warnings, ...problems.map(textOf)],
      problems: [...one.problems, ...problems.map(reported)],
    };
  });
  return { ...report, loadBalancers };
}
