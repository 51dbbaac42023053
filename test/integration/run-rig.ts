// A real `iri-lb run` of the built bundle, as a process of its own, with a real Consul and HAProxy around it.
import { fileURLToPath } from 'node:url';
import type { Child, Harness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import type { RunHealth } from '../../lib/model/run-health.js';

const PROGRAM = fileURLToPath(new URL('../../dist/iri-lb.mjs', import.meta.url));

export interface RunProcess {
  readonly url: string;
  readonly child: Child;
  health(): Promise<RunHealth>;
  /** A path's status and text. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Waits until its health is as `condition` says. */
  until(what: string, condition: (health: RunHealth) => boolean, timeoutMs?: number): Promise<RunHealth>;
  /** Its log, line by line. */
  lines(): readonly Readonly<Record<string, unknown>>[];
}

export interface RunOptions {
  readonly args?: readonly string[];
  /** 127.0.0.1 and a free port by default. */
  readonly listen?: string;
  /** Flags of Node. */
  readonly node?: readonly string[];
}

/** Starts it with the environment `env`, and waits until its first run has ended. */
export async function startRun(
  harness: Harness,
  env: Readonly<Record<string, string>>,
  { args = [], listen, node = [] }: RunOptions = {},
): Promise<RunProcess> {
  const at = listen ?? `127.0.0.1:${await harness.freePort()}`;
  const pauseFile = ['--pause-file', `${harness.dir}/paused`];
  const child = await harness.spawn(
    'run',
    process.execPath,
    [...node, PROGRAM, 'run', '--listen', at, ...pauseFile, ...args],
    { env },
  );
  const url = `http://${at}`;
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const health = async () => JSON.parse((await get('/health')).text) as RunHealth;
  const run: RunProcess = {
    url,
    child,
    health,
    get,
    until: (what, condition, timeoutMs = 15_000) =>
      child.until(
        async () => {
          const now = await health();
          return condition(now) ? now : undefined;
        },
        { what, timeoutMs },
      ),
    lines: () =>
      child
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
  await run.until('the first run', ({ runs }) => runs > 0);
  return run;
}

/** Resident memory of a process, in MB. */
export async function residentMb(pid: number): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Processor time of a process so far, in milliseconds. */
export async function processorMs(pid: number): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in ticks of 10 ms (proc(5); sysconf(_SC_CLK_TCK) is 100 everywhere).
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export const settled = (what: string, condition: () => Promise<boolean>): Promise<unknown> =>
  waitFor(condition, { what, everyMs: 5 });
