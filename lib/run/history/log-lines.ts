// Makes events of the functions' log lines: what their runs changed, met and failed of. Pure.
import type { MadeChange } from '../../model/change.js';
import {
  type Cover,
  type Happening,
  HISTORY_VERSION,
  type HistoryEvent,
  isoOf,
  type Lag,
  type Trigger,
} from '../../model/history.js';
import type { ServerSettings } from '../../model/server.js';
import { coverSince, noteCover } from './cover.js';
import { makeFinder } from './find-events.js';
import type { BalancerFacts, RunFacts } from './run-events.js';

/** Runs come every minute: after so long without one there was none, in milliseconds. */
const SILENT_MS = 180_000;
/** How far before a time its runs have to be read: what is so already by then is no change, in milliseconds. */
export const LOOK_BACK_MS = 300_000;
/** Invocations whose changes are there and whose run is not yet, at most. */
const MAX_PENDING = 1_000;

export interface LogReader {
  /** Takes in the next line, in the order of their times; gives the events at or after the time it was made for. */
  add(line: string): HistoryEvent[];
  cover(): Cover;
}

/** A line as lib/telemetry/lines.ts writes them, as far as it is one. */
interface LogLine {
  readonly timestamp?: unknown;
  readonly message?: unknown;
  readonly requestId?: unknown;
  readonly functionName?: unknown;
  readonly [field: string]: unknown;
}

interface Made {
  readonly loadBalancer: string;
  readonly change: MadeChange;
  readonly lag: Lag | undefined;
}

/** `sinceMs`: milliseconds since the epoch. */
export function logReader(sinceMs: number): LogReader {
  const since = isoOf(sinceMs);
  const finder = makeFinder();
  const note = noteCover();
  const pending = new Map<string, Made[]>();
  let lastMs: number | undefined;

  const beat = (atMs: number): void => {
    const at = isoOf(atMs);
    if (lastMs !== undefined && atMs - lastMs > SILENT_MS)
      note.add({ version: HISTORY_VERSION, at, kind: 'gap', from: isoOf(lastMs), reason: 'nothing ran' });
    else note.add({ version: HISTORY_VERSION, at, kind: 'watched' });
    lastMs = Math.max(lastMs ?? atMs, atMs);
  };

  return {
    add(text) {
      const line = parse(text);
      const atMs = Date.parse(String(line?.timestamp));
      if (!line || Number.isNaN(atMs)) return [];
      const id = String(line.requestId);
      if (typeof line.action === 'string') {
        const change = changeOf(line);
        const made = pending.get(id) ?? [];
        if (change) made.push(change);
        pending.set(id, made);
        if (pending.size > MAX_PENDING) pending.delete(pending.keys().next().value ?? '');
        return [];
      }
      const isRun = typeof line.message === 'string' && /^run /.test(line.message);
      if (!isRun && line.message !== 'event covered by an earlier run') return [];
      beat(atMs);
      if (!isRun) return [];
      const made = pending.get(id) ?? [];
      pending.delete(id);
      return happeningsOf(finder, line, made, atMs)
        .map((happening) => ({ version: HISTORY_VERSION, at: isoOf(atMs), ...happening }) as HistoryEvent)
        .filter(({ at }) => at >= since);
    },
    cover: () => coverSince(note.cover(), since),
  };
}

function happeningsOf(
  finder: ReturnType<typeof makeFinder>,
  line: LogLine,
  made: readonly Made[],
  atMs: number,
): Happening[] {
  const { build, configuration, loadBalancers } = line;
  const identity =
    typeof build === 'string' && typeof configuration === 'string'
      ? finder.ofIdentity({ build, configuration })
      : [];
  if (!Array.isArray(loadBalancers)) return [...identity, ...finder.ofFailure(textsOf(line.errors), atMs)];
  const facts: RunFacts = {
    consul: {
      index: String(line.consulIndex ?? '0'),
      ...(typeof line.consulError === 'string' ? { error: line.consulError } : {}),
    },
    loadBalancers: loadBalancers.flatMap((balancer) => balancerOf(balancer, made) ?? []),
  };
  const trigger = triggerOf(String(line.functionName));
  const lag = made[0]?.lag;
  const about = { ...(trigger ? { trigger } : {}), ...(lag ? { lag } : {}) };
  return [...identity, ...finder.ofReport(facts, about, atMs)];
}

function balancerOf(value: unknown, made: readonly Made[]): BalancerFacts | undefined {
  const { address, error, consulFailed, heldSlots } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof address !== 'string') return undefined;
  const pools = Object.entries((heldSlots ?? {}) as Readonly<Record<string, unknown>>);
  return {
    address,
    changes: made.filter(({ loadBalancer }) => loadBalancer === address).map(({ change }) => change),
    pools: pools.map(([backend, slots]) => ({ backend, heldSlots: Array.isArray(slots) ? slots : [] })),
    consulFailed: consulFailed === true,
    ...(typeof error === 'string' ? { error } : {}),
  };
}

/** Undefined where it lacks what a change has. */
function changeOf(line: LogLine): Made | undefined {
  const { loadBalancer, startToAppliedMs, backend, slot, instance, action, before, after } = line;
  const { reason, result, error } = line;
  if (!isSettings(before) || !isSettings(after)) return undefined;
  return {
    loadBalancer: String(loadBalancer),
    lag: typeof startToAppliedMs === 'number' ? { ms: startToAppliedMs, from: 'function-start' } : undefined,
    change: {
      backend: String(backend),
      slot: String(slot),
      instance: typeof instance === 'string' ? instance : null,
      action,
      before,
      after,
      reason: String(reason),
      result,
      ...(typeof error === 'string' ? { error } : {}),
    } as MadeChange,
  };
}

const isSettings = (value: unknown): value is ServerSettings => {
  const { port, weight, maxconn, state } = (value ?? {}) as Partial<ServerSettings>;
  return [port, weight, maxconn].every(Number.isInteger) && typeof state === 'string';
};

/** By the name that the stack gives a function. */
function triggerOf(functionName: string): Trigger | undefined {
  if (functionName.endsWith('watch')) return 'watch';
  return functionName.endsWith('resync') ? 'resync' : undefined;
}

const textsOf = (errors: unknown): string =>
  Array.isArray(errors) ? errors.map(String).join('; ') : 'unknown';

function parse(text: string): LogLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? (line as LogLine) : undefined;
  } catch {
    return undefined;
  }
}
