// What a running `iri-lb run` knows of itself: for /health, /metrics and systemd's status line.
import { BUILD } from '../../model/build.js';
import { failuresOf, type Report } from '../../model/report.js';
import type { ContestedHealth, RunHealth } from '../../model/run-health.js';
import { plainText } from '../../model/text.js';
import { pausedText } from '../../model/when.js';
import { outcomeOf } from '../../telemetry/lines.js';
import { metricsOf } from '../../telemetry/metrics.js';
import { makeExposition, type Sample } from '../../telemetry/prometheus.js';
import type { Contested } from './contest.js';
import type { Trigger } from './loop.js';
import type { Pause } from './pause.js';

/** Without a success for so many times the resync's interval something is wrong that does not pass. */
const PATIENCE = 3;
/** Warnings that are shown, and how long one said in passing is, in milliseconds. */
const MAX_SHOWN = 50;
const PASSING_MS = 5 * 60_000;

export interface StateDeps {
  readonly clock: { wallMs(): number; monotonicMs(): number };
  readonly resyncMs: number;
  readonly fingerprint: string;
}

/** What others know at the moment they are asked. */
export interface Around {
  readonly watches: RunHealth['watches'];
  readonly loadBalancers: RunHealth['loadBalancers'];
  readonly contested: readonly Contested[];
}

export interface RunState {
  /** A run ended; `elapsedMs` since it was heard of why. */
  finished(report: Report, trigger: Trigger, elapsedMs: number): void;
  /** A run ended without a report. */
  failed(error: string, trigger: Trigger): void;
  paused(pause: Pause | undefined): void;
  /** The configuration was read again, or could not be. */
  loaded(fingerprint: string): void;
  rejected(problems: readonly string[]): void;
  /** Something was said in passing. */
  said(line: string): void;
  health(around: Around): RunHealth;
  /** In Prometheus's text format. */
  metrics(around: Around): string;
  /** One line, for systemd. */
  status(): string;
}

/** Whether every load balancer was known, read, written (where it may be) and read back; as the metric `Succeeded`. */
export const hasSucceeded = ({ consul, loadBalancers }: Report): boolean =>
  consul.error === undefined && loadBalancers.every(({ outcome }) => outcome !== 'failed');

export function makeRunState({ clock, resyncMs, fingerprint: first }: StateDeps): RunState {
  const startedAt = clock.wallMs();
  const exposition = makeExposition();
  const passing = new Map<string, number>();
  let fingerprint = first;
  let since = clock.monotonicMs();
  let runs = 0;
  let failedRuns = 0;
  let lastRun: RunHealth['lastRun'] = null;
  let lastSuccessMs: number | undefined;
  let failing: { readonly sinceMs: number; readonly errors: readonly string[] } | undefined;
  let pause: Pause | undefined;
  let refused: RunHealth['rejected'] = null;
  let warnings: readonly string[] = [];

  const isWell = (): boolean => clock.monotonicMs() - since < PATIENCE * resyncMs;
  const ended = (run: Omit<NonNullable<RunHealth['lastRun']>, 'at'>, errors: readonly string[]): void => {
    runs += 1;
    lastRun = { at: iso(clock.wallMs()), ...run };
    if (errors.length === 0) failing = undefined;
    else
      failing = {
        sinceMs: failing?.sinceMs ?? clock.wallMs(),
        errors: errors.slice(0, MAX_SHOWN).map(shown),
      };
  };
  const fresh = (): string[] => {
    const oldest = clock.monotonicMs() - PASSING_MS;
    for (const [line, atMs] of passing) if (atMs < oldest) passing.delete(line);
    return [...passing.keys()];
  };

  return {
    finished(report, { cause }, elapsedMs) {
      if (hasSucceeded(report)) {
        since = clock.monotonicMs();
        lastSuccessMs = clock.wallMs();
      } else failedRuns += 1;
      const all = report.loadBalancers.flatMap((one) => one.warnings);
      warnings = [...new Set([...report.consul.warnings, ...all])].slice(0, MAX_SHOWN).map(shown);
      const changes = report.loadBalancers.reduce((sum, one) => sum + one.changes.length, 0);
      ended(
        { cause, outcome: outcomeOf(report), changes, durationMs: report.durationMs },
        failuresOf(report),
      );
      const context = { requestId: '', functionName: 'run', coldStart: runs === 1 };
      exposition.observe(
        metricsOf(happened(report), { namespace: '', context, now: clock.wallMs(), elapsedMs }),
      );
    },
    failed(error, { cause, atMs }) {
      failedRuns += 1;
      const durationMs = Math.round(clock.monotonicMs() - atMs);
      ended({ cause, outcome: 'failed', changes: 0, durationMs }, [error]);
    },
    paused: (now) => {
      pause = now;
    },
    loaded: (now) => {
      fingerprint = now;
      refused = null;
    },
    rejected: (problems) => {
      refused = { at: iso(clock.wallMs()), problems: problems.map(shown) };
    },
    said: (line) => {
      if (passing.size < MAX_SHOWN) passing.set(shown(line), clock.monotonicMs());
    },
    health: ({ watches, loadBalancers, contested }) => ({
      version: 1,
      program: 'iri-lb run',
      ok: isWell(),
      build: BUILD,
      fingerprint,
      pid: process.pid,
      startedAt: iso(startedAt),
      runs,
      resyncMs,
      lastRun,
      lastSuccess: lastSuccessMs === undefined ? null : iso(lastSuccessMs),
      paused: pause ? { cause: pause.cause, since: iso(pause.sinceMs), reason: pause.reason } : null,
      failing: failing ? { since: iso(failing.sinceMs), errors: failing.errors } : null,
      rejected: refused,
      contested: contested.map((one) => contestedHealth(one, clock)),
      watches,
      loadBalancers,
      warnings: [...warnings, ...fresh()],
    }),
    metrics: ({ watches, contested }) =>
      exposition.text([
        gauge('build_info', 'Which build and configuration this is', 1, {
          version: BUILD.version,
          commit: BUILD.commit,
          configuration: fingerprint,
        }),
        counter('runs_total', 'Runs that ended', runs),
        counter(
          'failed_runs_total',
          'Runs in which something was not read, written or read back',
          failedRuns,
        ),
        gauge('healthy', 'Whether a run succeeded within three resync intervals', isWell() ? 1 : 0),
        gauge('paused', 'Whether nothing is written: --pause-file or --dry', pause ? 1 : 0),
        gauge('paused_seconds', 'For how long', pause ? (clock.wallMs() - pause.sinceMs) / 1_000 : 0),
        gauge(
          'configuration_rejected',
          'Whether the configuration, read again, could not be used',
          refused ? 1 : 0,
        ),
        gauge('contested', 'Settings of servers that somebody else sets back', contested.length),
        ...watches.map(({ service, error }) =>
          gauge('watched', 'Whether the service is watched in Consul', error === null ? 1 : 0, { service }),
        ),
        ...processSamples(startedAt),
      ]),
    status: () => {
      const well = lastRun ? 'HAProxy is what Consul says' : 'starting';
      const about = failing ? `failing: ${failing.errors[0]}` : pause ? 'nothing is written' : well;
      const brake = pause ? `${pausedText(pause, clock.wallMs())}; ` : '';
      const old = refused ? `configuration rejected: ${refused.problems[0]}; ` : '';
      return plainText(`${old}${brake}${about}`, 300);
    },
  };
}

/** What was only planned did not happen, and is not counted. */
const happened = (report: Report): Report => ({
  ...report,
  loadBalancers: report.loadBalancers.map((one) =>
    one.outcome === 'planned' ? { ...one, changes: [] } : one,
  ),
});

function contestedHealth({ sinceMs, ...one }: Contested, clock: StateDeps['clock']): ContestedHealth {
  return { ...one, since: iso(clock.wallMs() - (clock.monotonicMs() - sinceMs)) };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const shown = (text: string): string => plainText(text, 1_000);

const sample =
  (type: Sample['type'], prefix: string) =>
  (name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): Sample => ({
    name: `${prefix}${name}`,
    type,
    help,
    value,
    labels,
  });
const gauge = sample('gauge', 'iri_lb_');
const counter = sample('counter', 'iri_lb_');

/** By the names that every Prometheus client uses. */
function processSamples(startedAt: number): Sample[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const of = 'process_';
  return [
    sample('counter', of)('cpu_seconds_total', 'User and system time', (user + system) / 1e6),
    sample('gauge', of)('resident_memory_bytes', 'Resident memory', rss),
    sample('gauge', 'nodejs_')('heap_size_total_bytes', "V8's heap", heapTotal),
    sample('gauge', 'nodejs_')('heap_size_used_bytes', 'Of that, in use', heapUsed),
    sample('gauge', 'nodejs_')('external_memory_bytes', 'Memory of buffers and the like', external),
    sample('gauge', of)('start_time_seconds', 'When it started, in seconds since 1970', startedAt / 1_000),
  ];
}
