// Runs `iri-lb node …` in this process, and keeps what it prints.
import { Command } from 'commander';
import { registerNode } from '../../lib/cli/node.js';

export interface Ran {
  /** 0 where the command set none. */
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandLineOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly nodeCheck?: string;
  /** What the person at the terminal answers; absent: nobody is there. */
  readonly answer?: boolean;
}

export interface CommandLine {
  run(...args: readonly string[]): Promise<Ran>;
  /** The questions that were asked. */
  readonly asked: readonly string[];
}

export function commandLine({
  env,
  nodeCheck = '/opt/node-check.mjs',
  answer,
}: CommandLineOptions): CommandLine {
  const asked: string[] = [];
  const confirm = async (question: string): Promise<boolean> => {
    asked.push(question);
    return answer === true;
  };
  return {
    asked,
    run: async (...args) => {
      const out: string[] = [];
      const err: string[] = [];
      let status = 0;
      const terminal = {
        out: (line: string) => void out.push(line),
        err: (line: string) => void err.push(line),
        env,
        exit: (code: number) => {
          status = code;
        },
      };
      const program = new Command('iri-lb').exitOverride();
      registerNode(program, terminal, { nodeCheck, ...(answer === undefined ? {} : { confirm }) });
      await program.parseAsync(['node', ...args], { from: 'user' });
      return { status, out: out.join('\n'), err: err.join('\n') };
    },
  };
}
