// The flags of `iri-lb run`, parsed; every problem at once.
import { parseDuration } from '../model/duration.js';
import type { SettingProblem } from '../model/errors.js';
import { quote } from '../model/text.js';
import { DEFAULT_LISTEN } from '../run/local-run.js';
import { type Listen, type ListenFlags, readListen } from './listen-options.js';
import { usageProblems } from './usage.js';

/** As commander hands them over. */
export interface RunFlags extends ListenFlags {
  readonly resync: string;
  readonly pauseFile: string;
  readonly dry?: boolean;
  readonly history?: string;
  readonly check?: boolean;
}

export const RUN_DEFAULTS = {
  listen: DEFAULT_LISTEN,
  resync: '1m',
  pauseFile: '/run/iri-lb/paused',
} as const;

export interface RunOptions {
  /** Undefined: off. */
  readonly listen: Listen | undefined;
  readonly resyncMs: number;
  readonly pauseFile: string;
  readonly dry: boolean;
  readonly history: string | undefined;
}

/** More often helps nobody, and less often than a day is a mistake; in milliseconds. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 24 * 60 * 60_000;

/** Throws wrong usage, with every flag that cannot be used. */
export function readRunOptions(flags: RunFlags): RunOptions {
  const problems: SettingProblem[] = [];
  const problem = (path: string, message: string): void => void problems.push({ path, message });
  const listen = readListen(flags, problem);
  const resyncMs = parseDuration(flags.resync) ?? 0;
  if (resyncMs < SHORTEST_MS || resyncMs > LONGEST_MS)
    problem('--resync', `${quote(flags.resync)} is no time from 1s to 24h; use 1m`);
  for (const [path, value] of [
    ['--pause-file', flags.pauseFile],
    ['--history', flags.history],
  ] as const)
    if (value !== undefined && (value === '' || value.includes('\0')))
      problem(path, `${quote(value)} is no path; name a file`);
  if (problems.length > 0) throw usageProblems(problems);
  const { pauseFile, dry = false, history } = flags;
  return { listen, resyncMs, pauseFile, dry, history };
}
