// Runs the command line from its sources as a process of its own, as people do.
import { execFile } from 'node:child_process';

const ENTRY = new URL('../../functions/iri-lb.ts', import.meta.url).pathname;
const TSX = new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url).href;

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Env = Readonly<Record<string, string>>;

/** How it is called, for who wants the process itself. */
function line(args: readonly string[], env: Env) {
  return {
    command: ['--import', TSX, ENTRY, ...args],
    options: { env: { PATH: process.env.PATH, ...env } },
  };
}

function run(args: readonly string[], env: Env): Promise<Outcome> {
  const { command, options } = line(args, env);
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, options, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

export const iriLb = Object.assign(run, { line });
