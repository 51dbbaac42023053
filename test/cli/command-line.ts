// Runs `iri-lb node …` in this process, and keeps what it prints.
import { Command } from 'commander';
import { registerNode } from '../../lib/cli/node.js';
import type { Terminal } from '../../lib/cli/output.js';

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
  /** What happens while the question stands. */
  readonly onAsked?: () => Promise<void>;
}

export interface CommandLine {
  run(...args: readonly string[]): Promise<Ran>;
  /** What `iri-lb node COMMAND --help` prints. */
  help(command: string): Promise<string>;
  /** The questions that were asked. */
  readonly asked: readonly string[];
}

export function commandLine({
  env,
  nodeCheck = '/opt/node-check.mjs',
  answer,
  onAsked,
}: CommandLineOptions): CommandLine {
  const asked: string[] = [];
  const confirm = async (question: string): Promise<boolean> => {
    asked.push(question);
    await onAsked?.();
    return answer === true;
  };
  const programFor = (terminal: Terminal): Command => {
    const program = new Command('iri-lb').exitOverride();
    registerNode(program, terminal, { nodeCheck, ...(answer === undefined ? {} : { confirm }) });
    return program;
  };
  return {
    asked,
    help: async (name) => {
      const ignore = (): void => undefined;
      const program = programFor({ env, out: ignore, err: ignore, exit: ignore });
      const node = program.commands.find((command) => command.name() === 'node');
      return node?.commands.find((command) => command.name() === name)?.helpInformation() ?? '';
    },
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
      await programFor(terminal).parseAsync(['node', ...args], { from: 'user' });
      return { status, out: out.join('\n'), err: err.join('\n') };
    },
  };
}
