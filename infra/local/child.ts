// One child process of the harness: a process group of its own, its output in a file.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { GiveUp, type WaitOptions, waitFor } from './wait-for.js';

export interface Child {
  readonly name: string;
  /** Its process id and that of its process group. */
  readonly pid: number;
  readonly running: boolean;
  /** How it ended (`exit 1`, `SIGKILL`), once it has. */
  readonly ended: Promise<string>;
  /** All it has written to stdout and stderr. */
  output(): string;
  /** Sends a signal to it alone (not to its group). */
  signal(signal: NodeJS.Signals): void;
  /** Waits for readiness; throws at once, with its last lines, when it ends instead. */
  until<T>(
    condition: () => T | false | undefined | Promise<T | false | undefined>,
    options: WaitOptions,
  ): Promise<T>;
  /** Asks it to end, and makes it after `graceMs` (3 s); 0 kills at once. Resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly logFile: string;
  readonly onStart: (pid: number) => void;
  readonly onEnd: (pid: number) => void;
}

/** Starts a child. Throws when the command does not exist, with what to do about it. */
export async function startChild(name: string, options: ChildOptions): Promise<Child> {
  const log = openSync(options.logFile, 'a');
  const process_ = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    // A group of its own: Ctrl-C in the terminal reaches only us, and we end the children in order.
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const { pid } = process_;
  if (pid === undefined) {
    const error = await new Promise<Error>((resolve) => process_.once('error', resolve));
    throw new Error(`${name}: cannot start ${options.command} (${error.message}); is it installed?`);
  }
  options.onStart(pid);
  let running = true;
  const ended = new Promise<string>((resolve) => {
    process_.once('exit', (code, signal) => {
      running = false;
      killGroup(pid, 'SIGKILL');
      options.onEnd(pid);
      resolve(signal ?? `exit ${code}`);
    });
  });
  const output = (): string => readFileSync(options.logFile, 'utf8');
  const lastLines = (): string =>
    output()
      .trimEnd()
      .split('\n')
      .slice(-15)
      .map((line) => `  ${name}: ${line}`)
      .join('\n');

  return {
    name,
    pid,
    get running() {
      return running;
    },
    ended,
    output,
    signal: (signal) => {
      if (running) process_.kill(signal);
    },
    until: (condition, wait) =>
      waitFor(
        async () => {
          if (!running)
            throw new GiveUp(`${name} ended (${await ended}) before ${wait.what}\n${lastLines()}`);
          return condition();
        },
        { detail: lastLines, ...wait },
      ),
    stop: async (graceMs = 3000) => {
      if (!running) return;
      if (graceMs > 0) process_.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function killGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch {
    // Nobody is left in it.
  }
}
