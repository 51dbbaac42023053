// The one harness of `npm start`, the tests and the bench: processes, ports and files that never stay behind.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './child.js';
import { makePorts } from './ports.js';
import { MARKER, startReaper } from './reaper.js';

export type { Child } from './child.js';

export interface SpawnOptions {
  /** Added to our own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The harness's folder by default. */
  readonly cwd?: string;
}

export interface Harness {
  /** A folder of its own, removed by close() and also when this process is killed. */
  readonly dir: string;
  /** Starts a process in a group of its own; its output goes to a file in `dir`. */
  spawn(name: string, command: string, args: readonly string[], options?: SpawnOptions): Promise<Child>;
  /** A free port on 127.0.0.1: `preferred` if it is free, else one never handed out before. */
  freePort(preferred?: number): Promise<number>;
  /** Something of ours in this process to end (a server); called by close(), last one first. */
  onClose(end: () => unknown): void;
  /** Ends everything, last started first, and removes the folder. May be called more than once. */
  close(): Promise<void>;
}

/** Starts an empty harness. Close it, also when what follows fails. */
export async function startHarness(): Promise<Harness> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'iri-lb-')));
  const reaper = startReaper(dir);
  const ports = makePorts();
  const ends: (() => unknown)[] = [];
  let closing: Promise<void> | undefined;
  let started = 0;

  const close = async (): Promise<void> => {
    const problems: unknown[] = [];
    for (let end = ends.pop(); end; end = ends.pop()) {
      try {
        await end();
      } catch (error) {
        problems.push(error);
      }
    }
    await ports.close();
    rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
    await reaper.close();
    if (problems.length > 0) throw problems[0];
  };

  /** Whoever is still starting things must not leave them behind. */
  const refuseLate = (what: string): void => {
    if (closing) throw new Error(`${what}: not started, the harness is being closed`);
  };

  return {
    dir,
    spawn: async (name, command, args, options = {}) => {
      refuseLate(name);
      const child = await startChild(name, {
        command,
        args,
        cwd: options.cwd ?? dir,
        env: { ...process.env, ...options.env, [MARKER]: dir },
        logFile: join(dir, `${name}-${++started}.log`),
        onStart: reaper.add,
        onEnd: reaper.remove,
      });
      if (closing) await child.stop(0);
      refuseLate(name);
      ends.push(() => child.stop());
      return child;
    },
    freePort: async (preferred) => {
      refuseLate('a port');
      return ports.free(preferred);
    },
    onClose: (end) => {
      ends.push(end);
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
