// Whether two HAProxy processes answer at one address, from what they say of themselves.
import type { Problem } from '../model/problem.js';
import type { ProcessInfo } from '../model/server.js';

/** Uptimes are whole seconds, read at two moments: those of one process may differ by this much. */
const TOLERANCE_SECONDS = 2;

/**
 * Whether `later`, asked `elapsedMs` milliseconds after `earlier`, is another process that was there all along; one
 * that began since is a restart. Containers have the same pid, so start and counters decide, too: those of one
 * process only grow.
 */
export function isAnother(earlier: ProcessInfo, later: ProcessInfo, elapsedMs: number): boolean {
  if (earlier.stopping || later.stopping) return false;
  const elapsed = elapsedMs / 1000;
  const mayBeNew = later.uptimeSeconds <= elapsed && later.uptimeSeconds < earlier.uptimeSeconds + elapsed;
  if (earlier.pid !== later.pid) return !mayBeNew;
  const [start, otherStart] = [earlier.startedAt, later.startedAt];
  const drift = later.uptimeSeconds - earlier.uptimeSeconds - elapsed;
  const isOther =
    start === undefined || otherStart === undefined
      ? Math.abs(drift) > TOLERANCE_SECONDS
      : start !== otherStart;
  if (isOther) return !mayBeNew;
  const others = later.counters ?? [];
  return !mayBeNew && (earlier.counters ?? []).some((count, at) => count > (others[at] ?? count));
}

/** The processes that a warm environment met, by address. */
export interface Processes {
  /**
   * Takes note of a process that was read at `atMs` (`Clock.monotonicMs`); the problem where the one before is another
   * one that was there all along. One that was read before that one says nothing: runs may overlap.
   */
  meet(address: string, process: ProcessInfo, atMs: number): Problem[];
}

export function makeProcesses(): Processes {
  const met = new Map<string, { readonly process: ProcessInfo; readonly atMs: number }>();
  return {
    meet(address, process, atMs) {
      const before = met.get(address);
      if (before && atMs < before.atMs) return [];
      met.set(address, { process, atMs });
      if (!before || !isAnother(before.process, process, atMs - before.atMs)) return [];
      return [{ code: 'two-processes', pid: before.process.pid, otherPid: process.pid }];
    },
  };
}
