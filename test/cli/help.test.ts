// Every help ends with examples that are taken, and `--version` says which build it is.
import { describe, expect, it } from 'vitest';
import { commandTree } from '../../lib/cli/command-tree.js';
import { EXAMPLES } from '../../lib/cli/examples.js';
import { versionText } from '../../lib/cli/version.js';
import { commandsIn } from '../local/documented.js';
import { idleProgram } from './program-of.js';
import { runProgram } from './run-program.js';

const TREE = commandTree(idleProgram().program);
const COMMANDS = TREE.map(({ path }) => path.join(' '));
const LINES = Object.entries(EXAMPLES).flatMap(([command, list]) =>
  list.map(({ line }) => [line, command] as const),
);

describe('the help of a command', () => {
  it.each(COMMANDS)('iri-lb %s ends with its examples', async (command) => {
    const { status, out, err } = await runProgram([...command.split(' '), '--help'].filter(Boolean), {});
    expect([status, err]).toEqual([0, '']);
    const own = EXAMPLES[command] ?? [];
    expect(own).not.toEqual([]);
    const shown = own.flatMap(({ line, about }) => [`  # ${about}\n  ${line}\n`]).join('');
    expect(
      out
        .split('Examples:\n')
        .slice(1)
        .map((text) => text.trimEnd()),
    ).toEqual([shown.trimEnd()]);
    for (const { line, about } of own) expect(Math.max(line.length, about.length)).toBeLessThanOrEqual(77);
  });

  it('is the same by `help`', async () => {
    const [asked, flagged] = await Promise.all([
      runProgram(['help', 'node', 'add'], {}),
      runProgram(['node', 'add', '--help'], {}),
    ]);
    expect(asked).toEqual(flagged);
    expect((await runProgram(['help'], {})).out).toBe((await runProgram(['--help'], {})).out);
  });

  it('says what each exit status means', async () => {
    const { out } = await runProgram(['--help'], {});
    for (const status of [64, 1, 2, 3, 0]) expect(out).toMatch(new RegExp(`^ +${status}  \\w`, 'm'));
  });
});

describe('an example', () => {
  it('is of a command that there is', () => {
    expect(Object.keys(EXAMPLES).filter((command) => !COMMANDS.includes(command))).toEqual([]);
  });

  it.each(LINES)('%s is taken', async (line, command) => {
    const [words = []] = commandsIn(line.replace(/^source <\((.*)\)$/, '$1').replace(/ > .*$/, ''));
    expect(words[0]).toBe('iri-lb');
    if (command !== '') expect(words.slice(1).join(' ')).toMatch(new RegExp(`^${command}\\b`));
    const { program, said } = idleProgram();
    await program.parseAsync(words.slice(1), { from: 'user' });
    expect(said).toEqual([]);
  });
});

describe('--version', () => {
  it('says version, commit and Node, on one line', async () => {
    const { status, out } = await runProgram(['--version'], {});
    expect([status, out]).toEqual([0, `${versionText(process.version)}\n`]);
    expect(versionText('v22.1.0', { version: '1.2.3', commit: '0123456789ab' })).toBe(
      'iri-lb 1.2.3 (commit 0123456789ab, Node 22.1.0)',
    );
    expect(versionText('v22.1.0', { version: '1.2.3', commit: '' })).toContain('no commit known');
  });
});
