// The log lines of a run: one for the run, one per change, as plain objects of known fields. Pure.
import type { Action } from '../model/change.js';
import { failuresOf, type LoadBalancerReport, type Report } from '../model/report.js';

export type Level = 'INFO' | 'WARN' | 'ERROR';

/** What every line of an invocation carries, so that they can be found together. */
export interface RunContext {
  readonly requestId: string;
  readonly functionName: string;
  /** The first invocation of this environment. */
  readonly coldStart: boolean;
  /** Version and commit. */
  readonly build?: string;
  /** The fingerprint of the configuration; undefined until it was read. */
  readonly configuration?: string;
}

/**
 * A structured log line. With `timestamp` and `level` under these names Lambda's own log level filter
 * applies to lines that are written as JSON (Lambda developer guide, "Log level filtering").
 */
export type Line = {
  readonly timestamp: string;
  readonly level: Level;
  readonly message: string;
} & Readonly<Record<string, unknown>>;

/** Warnings and errors shown in the line of a run; a line stays far below what CloudWatch takes. */
const MAX_SHOWN = 20;
const MAX_TEXT = 2_000;

/** Slots in drain that the line of a run names, at most: of more it names none. */
const MAX_HELD = 50;

/**
 * The lines of a finished run at `now` (milliseconds since the epoch): changes first, the run last. `elapsedMs` since
 * the function's start is the lag that changes are told with.
 */
export function linesOf(report: Report, context: RunContext, now: number, elapsedMs?: number): Line[] {
  const timestamp = new Date(now).toISOString();
  const ids = {
    requestId: context.requestId,
    functionName: context.functionName,
    consulIndex: report.consul.index,
  };
  const { requestId, functionName, consulIndex } = ids;
  // Field by field: there may be thousands, and two spreads into one object are slow (V8 of Node 20). What is
  // undefined is in no line.
  const changes = report.loadBalancers.flatMap(({ address, changes }) =>
    changes.map(
      ({ backend, slot, instance, action, before, after, reason, result, error }): Line => ({
        timestamp,
        level: 'INFO',
        message: `${action} ${backend}/${slot}`,
        requestId,
        functionName,
        consulIndex,
        loadBalancer: address,
        backend,
        slot,
        instance,
        action,
        before,
        after,
        reason,
        result,
        error,
        startToAppliedMs: elapsedMs,
      }),
    ),
  );
  const failures = failuresOf(report);
  const warnings = [
    ...report.consul.warnings,
    ...new Set(report.loadBalancers.flatMap((loadBalancer) => loadBalancer.warnings)),
  ];
  const outcome = outcomeOf(report);
  const run: Line = {
    timestamp,
    level: failures.length > 0 ? 'ERROR' : warnings.length > 0 ? 'WARN' : 'INFO',
    message: `run ${outcome}`,
    ...ids,
    coldStart: context.coldStart,
    ...(context.build === undefined ? {} : { build: context.build }),
    ...(context.configuration === undefined ? {} : { configuration: context.configuration }),
    outcome,
    instances: report.consul.instances,
    durationMs: report.durationMs,
    changes: countActions(report.loadBalancers),
    loadBalancers: report.loadBalancers.map(balancerOf),
    ...(report.consul.error === undefined ? {} : { consulError: cut(report.consul.error) }),
    warnings: shorten(warnings),
    errors: shorten(failures),
  };
  return [...changes, run];
}

/** What the history needs of one: why it failed, whether that was Consul's failure, and who is held in drain. */
function balancerOf({ address, outcome, changes, pools, problems, error }: LoadBalancerReport): object {
  const isFew = pools.reduce((sum, { held }) => sum + held, 0) <= MAX_HELD;
  return {
    address,
    outcome,
    changes: changes.length,
    ...(error === undefined ? {} : { error: cut(error) }),
    ...(problems.some(({ code }) => code === 'consul-failed') ? { consulFailed: true } : {}),
    ...(isFew
      ? { heldSlots: Object.fromEntries(pools.map(({ backend, heldSlots }) => [backend, heldSlots])) }
      : {}),
  };
}

/** The line of an event that an earlier run had dealt with; Consul is at `consulIndex`. */
export function coveredLine(consulIndex: string, context: RunContext, now: number): Line {
  const { requestId, functionName } = context;
  return {
    ...line('INFO', 'event covered by an earlier run', now),
    requestId,
    functionName,
    consulIndex,
  };
}

/** The line of an invocation that has no report: `message` is all that is kept of what was thrown. */
export function failureLine(message: string, context: RunContext, now: number): Line {
  const { requestId, functionName, coldStart } = context;
  return {
    ...line('ERROR', 'run failed', now),
    requestId,
    functionName,
    coldStart,
    errors: shorten([message]),
  };
}

/** A line for anything that is said in passing. */
export function line(level: Level, message: string, now: number): Line {
  return { timestamp: new Date(now).toISOString(), level, message: cut(message) };
}

/** How often each action happened; an action that did not is 0. */
export function countActions(loadBalancers: readonly LoadBalancerReport[]): Record<Action, number> {
  const counts = { add: 0, update: 0, enable: 0, disable: 0, remove: 0 };
  for (const { changes } of loadBalancers) for (const { action } of changes) counts[action] += 1;
  return counts;
}

/** One word for the run: the worst that happened to any load balancer. */
export function outcomeOf({ loadBalancers }: Report): string {
  const seen = new Set<string>(loadBalancers.map(({ outcome }) => outcome));
  return ['failed', 'guarded', 'changed', 'planned'].find((outcome) => seen.has(outcome)) ?? 'unchanged';
}

function shorten(texts: readonly string[]): string[] {
  const more = texts.length - MAX_SHOWN;
  return [...texts.slice(0, MAX_SHOWN).map(cut), ...(more > 0 ? [`and ${more} more`] : [])];
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
