// The brake: a file that stops all writing while it is there, its text being the reason.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { codeOf } from '../../model/errors.js';
import type { PauseCause } from '../../model/run-health.js';
import { plainText } from '../../model/text.js';

export interface Pause {
  readonly cause: PauseCause;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly reason: string;
}

/** So much of the file is read, in bytes. */
const MAX_BYTES = 1_024;

/** `--dry`, from the start on. */
export const dryPause = (sinceMs: number): Pause => ({ cause: 'dry', sinceMs, reason: '--dry' });

/**
 * Whether the file at `path` is there, and since when. One of which nobody can say what it is counts as there:
 * somebody may have meant it. `before` is what was found last, `nowMs` the wall's time. Never throws. It is asked
 * every second, and a call that need not wait for a thread takes a tenth of the time.
 */
export function readPause(path: string, nowMs: number, before?: Pause): Pause | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return undefined;
    const sinceMs = Math.min(Math.floor(found.mtimeMs), nowMs);
    // Opening a pipe would wait for whoever writes into it.
    if (!found.isFile()) return unreadable('is no file', sinceMs, before);
    const text = found.size === 0 ? '' : beginningOf(path);
    return {
      cause: 'file',
      sinceMs,
      reason: plainText(text.trim().replace(/\s+/g, ' ')) || 'no reason given',
    };
  } catch (error) {
    return unreadable(`cannot be read (${codeOf(error)})`, nowMs, before);
  }
}

function unreadable(what: string, sinceMs: number, before?: Pause): Pause {
  const since = before?.cause === 'unreadable' ? before.sinceMs : sinceMs;
  return { cause: 'unreadable', sinceMs: since, reason: `the pause file ${what}` };
}

function beginningOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_BYTES);
    return buffer.subarray(0, readSync(file, buffer, 0, MAX_BYTES, 0)).toString();
  } finally {
    closeSync(file);
  }
}
