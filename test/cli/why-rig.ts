// Runs `iri-lb why X` in this process, at a terminal of 80 columns, and keeps what it prints.
import { Command } from 'commander';
import type { Terminal } from '../../lib/cli/output.js';
import { registerWhy } from '../../lib/cli/why.js';

export interface WhyRan {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** All lines, stdout first, without colours. */
  readonly lines: readonly string[];
}

export interface WhyWith {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** 80 by default; undefined: no terminal. */
  readonly columns?: number | undefined;
}

export async function runWhy({ args, env, ...given }: WhyWith): Promise<WhyRan> {
  const columns = 'columns' in given ? given.columns : 80;
  const out: string[] = [];
  const err: string[] = [];
  let status = 0;
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    env: { NO_COLOR: '1', ...env },
    exit: (code) => {
      status = code;
    },
    ...(columns === undefined ? {} : { screen: { columns, rows: 24 } }),
  };
  const program = new Command('iri-lb').exitOverride();
  registerWhy(program, terminal);
  await program.parseAsync(['why', ...args], { from: 'user' });
  return { status, out, err, lines: [...out, ...err] };
}
