// The brake: a file that stops all writing while it is there, its text being the reason.
import { open, stat } from 'node:fs/promises';
import { codeOf } from '../../model/errors.js';
import type { PauseCause } from '../../model/run-health.js';
import { plainText } from '../../model/text.js';
import { spanText } from '../../model/when.js';

export interface Pause {
  readonly cause: PauseCause;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly reason: string;
}

/** So much of the file is read, in bytes. */
const MAX_BYTES = 1_024;

/** `paused for 12 min: REASON`. */
export const pausedText = ({ sinceMs, reason }: Pick<Pause, 'sinceMs' | 'reason'>, nowMs: number): string =>
  `paused for ${spanText(nowMs - sinceMs)}: ${reason}`;

/** `--dry`, from the start on. */
export const dryPause = (sinceMs: number): Pause => ({ cause: 'dry', sinceMs, reason: '--dry' });

/**
 * Whether the file at `path` is there, and since when. One of which nobody can say what it is counts as there:
 * somebody may have meant it. `before` is what was found last, `nowMs` the wall's time. Never throws.
 */
export async function readPause(path: string, nowMs: number, before?: Pause): Promise<Pause | undefined> {
  try {
    const { mtimeMs, isFile, size } = await statOf(path);
    const sinceMs = Math.min(Math.floor(mtimeMs), nowMs);
    if (!isFile) return unreadable('is no file', sinceMs, before);
    const text = size === 0 ? '' : await beginningOf(path);
    return {
      cause: 'file',
      sinceMs,
      reason: plainText(text.trim().replace(/\s+/g, ' ')) || 'no reason given',
    };
  } catch (error) {
    const code = codeOf(error);
    // No folder, no file.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return unreadable(`cannot be read (${code})`, nowMs, before);
  }
}

function unreadable(what: string, sinceMs: number, before?: Pause): Pause {
  const since = before?.cause === 'unreadable' ? before.sinceMs : sinceMs;
  return { cause: 'unreadable', sinceMs: since, reason: `the pause file ${what}` };
}

async function statOf(path: string): Promise<{ mtimeMs: number; isFile: boolean; size: number }> {
  const found = await stat(path);
  return { mtimeMs: found.mtimeMs, isFile: found.isFile(), size: found.size };
}

async function beginningOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}
