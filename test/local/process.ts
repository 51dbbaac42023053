// Runs one of our programs as a user would, with a temporary folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../infra/local/wait-for.js';
import { commandOf, foldersOf, processesOf } from './leftovers.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Program {
  readonly process: ChildProcess;
  /** Its TMPDIR: what a harness in it makes is found here. */
  readonly tmp: string;
  stdout(): string;
  stderr(): string;
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Waits until a line is printed, 45 s at most unless it is told otherwise. */
  prints(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Waits until no process and no folder of its harness is there any more. */
  leavesNothing(): Promise<void>;
  /** After the test, however it went: kills what is left of it, and removes its temporary folder. */
  clear(): Promise<void>;
}

export function runProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const tmp = realpathSync(mkdtempSync(join(tmpdir(), 'iri-lb-test-')));
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env, TMPDIR: tmp },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 'lost'));
  });
  const shown = (): string => `${stdout}\n${stderr}`;
  return {
    process: child,
    tmp,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    prints: (pattern, timeoutMs = 45_000) =>
      waitFor(() => pattern.exec(stdout) ?? undefined, {
        what: `${pattern} in the output`,
        timeoutMs,
        detail: shown,
      }),
    leavesNothing: () => leavesNothing(tmp, shown),
    clear: async () => {
      // Not the shell that clears up behind a harness: it ends by itself when it has.
      for (const pid of processesOf(tmp)) if (!commandOf(pid).includes('iri-lb-reaper')) killIfThere(pid);
      await leavesNothing(tmp, shown).finally(() => rmSync(tmp, { recursive: true, force: true }));
    },
  };
}

async function leavesNothing(tmp: string, shown: () => string): Promise<void> {
  await waitFor(() => processesOf(tmp).length === 0 && foldersOf(tmp).length === 0, {
    what: `nothing to be left in ${tmp}`,
    detail: () => `processes ${processesOf(tmp)}, folders ${foldersOf(tmp)}\n${shown()}`,
  });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

export const runTypeScript = (file: string, args: readonly string[] = [], env?: NodeJS.ProcessEnv): Program =>
  runProgram(process.execPath, ['--import', 'tsx', file, ...args], env);
