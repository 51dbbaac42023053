// Reads a history out of the logs of a stack's functions, and goes on with what they log.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HistoryEvent } from '../model/history.js';
import { LOOK_BACK_MS, logReader } from '../run/history/log-lines.js';
import type { OpenSource, SourceOptions } from './changes-source.js';
import { groupsOf } from './log-groups.js';
import type { LogRecord } from './logs-client.js';

/** Every question is paid for, and may be asked five times a second of an account. */
const POLL_MS = 3_000;
/** Lines may be there so much later than others of their time, in milliseconds. */
const LATE_MS = 30_000;

const UNSEEN =
  "functions do not see HAProxy's checks and restarts, nor what others change; lines come seconds late";

/** Throws NextStepError where they cannot be read. */
export async function openLogs(
  stack: string,
  { sinceMs, pollMs = POLL_MS }: SourceOptions,
): Promise<OpenSource> {
  const { makeLogsClient } = await import('./logs-client.js');
  const client = makeLogsClient();
  const reader = logReader(sinceMs);
  const seen = new Map<string, number>();
  let fromMs = sinceMs - LOOK_BACK_MS;

  /** What was not there before, of both, in the order of its time. */
  const next = async (): Promise<HistoryEvent[]> => {
    const groups = await Promise.all(groupsOf(stack).map((group) => client(group, fromMs)));
    const fresh = groups.flatMap((records, at) => records.filter((record) => isNew(record, at)));
    fresh.sort((a, b) => a.atMs - b.atMs);
    fromMs = Math.max(fromMs, (fresh.at(-1)?.atMs ?? 0) - LATE_MS);
    for (const [id, atMs] of seen) if (atMs < fromMs) seen.delete(id);
    return fresh.flatMap(({ text }) => reader.add(text));
  };
  const isNew = ({ id, atMs }: LogRecord, group: number): boolean => {
    const key = `${group} ${id}`;
    if (seen.has(key)) return false;
    seen.set(key, atMs);
    return true;
  };

  const events = await next();
  return {
    name: `logs of ${stack}`,
    page: { cover: reader.cover(), events },
    limits: UNSEEN,
    close: async () => {},
    async *more(signal) {
      while (!signal.aborted) {
        await sleep(pollMs, undefined, { signal }).catch(() => {});
        if (!signal.aborted) yield await next();
      }
    },
  };
}
