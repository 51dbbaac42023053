// Runs `iri-lb changes` in this process at a time of the test's choice.
import { Command } from 'commander';
import { registerChanges } from '../../lib/cli/changes.js';
import type { Screen } from '../../lib/cli/screen.js';
import { START } from '../run/history/file-rig.js';

export interface ChangesRun {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly screen?: Screen;
  /** Minutes after the start of the history. */
  readonly minute?: number;
  readonly places?: { readonly run: string; readonly file: string };
  /** Stops it once so many lines were printed. */
  readonly stopAfter?: number;
  readonly onLine?: (line: string) => void;
}

export interface ChangesOutcome {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Where nothing is. */
export const NOWHERE = { run: 'http://127.0.0.1:1', file: '/nowhere/history.jsonl' };

export async function runChanges({
  args,
  env = {},
  screen,
  minute = 10,
  places = NOWHERE,
  stopAfter = Number.POSITIVE_INFINITY,
  onLine = () => {},
}: ChangesRun): Promise<ChangesOutcome> {
  const out: string[] = [];
  const err: string[] = [];
  let status = 0;
  const stop = new AbortController();
  const terminal = {
    out: (line: string) => {
      out.push(line);
      if (out.length >= stopAfter) stop.abort();
      onLine(line);
    },
    err: (line: string) => void err.push(line),
    env,
    screen,
    exit: (code: number) => {
      status = code;
    },
  };
  const program = new Command('iri-lb').exitOverride();
  const nowMs = () => START + minute * 60_000;
  registerChanges(program, terminal, { nowMs, untilStopped: () => stop.signal, places, pollMs: 10 });
  await program.parseAsync(['changes', '--utc', ...args], { from: 'user' });
  return { status, out, err };
}
