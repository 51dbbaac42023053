// Runs the whole command line in this process, and keeps what it prints, commander's own words included.
import { makeProgram } from '../../lib/cli/program.js';
import type { Ran } from './command-line.js';

/** Ends a command as the end of its process would. */
class Ended extends Error {
  constructor(readonly status: number) {
    super(`ended with ${status}`);
  }
}

export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { bundles = '/nowhere' }: { readonly bundles?: string } = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  let status = 0;
  const say = (lines: string[]) => (line: string) => void lines.push(line);
  const exit = (code: number): void => {
    status = code;
  };
  const program = makeProgram(
    { out: say(out), err: say(err), env, exit },
    {
      bundles,
      node: { nodeCheck: '/opt/node-check.mjs' },
      end: (code) => {
        throw new Ended(code);
      },
      write: { writeOut: say(out), writeErr: say(err) },
    },
  );
  await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof Ended)) throw error;
    ({ status } = error);
  });
  return { status, out: out.join('\n'), err: err.join('\n') };
}
