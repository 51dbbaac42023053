// The command line as a tree that does nothing: for tests of what it takes and what it says.
import type { Command } from 'commander';
import { makeProgram } from '../../lib/cli/program.js';

export interface IdleProgram {
  readonly program: Command;
  /** What it said of wrong usage or help. */
  readonly said: string[];
}

/** A program whose commands parse what they are given, and do nothing; it throws where it would end. */
export function idleProgram(): IdleProgram {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const program = makeProgram(
    { out: say, err: say, env: {}, exit: () => {} },
    {
      bundles: '/nowhere',
      node: { nodeCheck: '/opt/node-check.mjs' },
      end: (status) => {
        throw new Error(`ended with ${status}`);
      },
      write: { writeOut: say, writeErr: say },
    },
  );
  const idle = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => {});
    command.commands.forEach(idle);
  };
  idle(program);
  return { program, said };
}
