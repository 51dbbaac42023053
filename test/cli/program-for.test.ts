// A command that is loaded alone is the same as among all of them.
import { describe, expect, it } from 'vitest';
import { aloneWords, programFor } from '../../lib/cli/program-for.js';
import { idleProgram } from './program-of.js';

const options = {
  bundles: '/nowhere',
  node: { nodeCheck: '/nowhere' },
  end: (status: number): never => {
    throw new Error(`ended with ${status}`);
  },
};
const terminal = { out: () => {}, err: () => {}, env: {}, exit: () => {} };
const { program: whole } = idleProgram();

const helpOf = (program: typeof whole, word: string): string | undefined => {
  let text: string | undefined;
  const command = program.commands.find((one) => one.name() === word);
  command?.configureOutput({
    writeOut: (said) => {
      text = (text ?? '') + said;
    },
  });
  command?.outputHelp();
  return text;
};

describe('a command that was typed', () => {
  it.each(aloneWords())('%s has the same help alone', async (word) => {
    const alone = await programFor(word, terminal, options);
    expect(alone.commands.length).toBeLessThan(whole.commands.length);
    expect(helpOf(alone, word)).toBe(helpOf(whole, word));
  });

  it.each([
    ['status', '--al', "unknown option '--al'; did you mean --all?"],
    ['why', '--nothing', "unknown option '--nothing'; see iri-lb why --help"],
  ])('%s %s is answered alone as among all', async (word, flag, line) => {
    const said: string[] = [];
    const program = await programFor(word, terminal, {
      ...options,
      write: { writeErr: (text) => void said.push(text) },
    });
    await expect(program.parseAsync([word, flag], { from: 'user' })).rejects.toThrow('ended with 64');
    expect(said.join('')).toBe(`iri-lb: ${line}\n`);
  });

  it.each([undefined, 'help', 'node', 'statsu', 'constructor', '--help'])(
    '%s has every command loaded',
    async (word) => {
      const { commands } = await programFor(word, terminal, options);
      expect(commands.map((one) => one.name())).toEqual(whole.commands.map((one) => one.name()));
    },
  );
});
