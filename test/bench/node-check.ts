// What one run of the node check costs, next to curl and to Node doing nothing: time and memory.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Harness } from '../../infra/local/harness.js';
import { type StandIn, startStandIn } from '../../infra/local/stand-in.js';
import { type Part, type Row, rowBeside, rowOf, timed } from './measure.js';

interface Program {
  readonly what: string;
  readonly command: string;
  readonly args: readonly string[];
}

interface Figures {
  readonly times: number[];
  /** Largest resident set of each run, in megabytes. */
  readonly sizes: number[];
}

/** GNU time: nothing in Node tells what a child that has ended once needed. */
const TIME = '/usr/bin/time';

/** Runs `bundle` (`dist/node-check.mjs`) against a stand-in node that passes, which is six requests. */
export async function benchNodeCheck(harness: Harness, bundle: string, runs: number): Promise<Part> {
  const node = await startStandIn({ name: 'n' });
  harness.onClose(() => node.close());
  const programs = programsFor(node, bundle);
  const figures = new Map(programs.map(({ what }) => [what, { times: [], sizes: [] } as Figures]));
  // Once before, so that none is read from the disk; then each is first in turn.
  for (const program of programs) await run(program);
  for (let at = 0; at < runs; at += 1) {
    for (let turn = 0; turn < programs.length; turn += 1) {
      const program = programs[(at + turn) % programs.length];
      const own = program && figures.get(program.what);
      if (!own) continue;
      own.times.push(await timed(() => run(program)));
      own.sizes.push(await sizeOf(program, join(harness.dir, 'size')));
    }
  }
  return { title: 'one run, against one node', rows: rowsOf(figures) };
}

const CURL = 'curl, one request';

function programsFor({ url }: StandIn, bundle: string): Program[] {
  const header = ['-H', 'X-IOTA-API-Version: 1'];
  return [
    {
      what: CURL,
      command: 'curl',
      args: ['-sSf', '-o', '/dev/null', ...header, '-d', '{"command":"getNodeInfo"}', url],
    },
    { what: 'node -e 0', command: process.execPath, args: ['-e', '0'] },
    {
      what: 'the node check, six requests',
      command: process.execPath,
      args: [bundle, '-a', url],
    },
  ];
}

function rowsOf(figures: ReadonlyMap<string, Figures>): Row[] {
  const curl = figures.get(CURL) ?? { times: [], sizes: [] };
  return (['times', 'sizes'] as const).flatMap((kind) =>
    [...figures].map(([what, own]) => {
      const row = rowOf(what, kind === 'times' ? 'ms' : 'MB', own[kind]);
      return what === CURL ? row : rowBeside(row, own[kind], 'curl', curl[kind]);
    }),
  );
}

/** Rejects when it fails: then nothing was measured. */
function run({ command, args }: Program): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', ({ message }) => reject(new Error(`${command}: ${message}; is it installed?`)));
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args[0]}: exit status ${code}`)),
    );
  });
}

async function sizeOf({ what, command, args }: Program, file: string): Promise<number> {
  await run({ what, command: TIME, args: ['-f', '%M', '-o', file, command, ...args] });
  return (Number(readFileSync(file, 'utf8')) * 1024) / 1e6;
}
