// What a shell offers while somebody types: bash for real, zsh and fish where they are installed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandTree } from '../../lib/cli/command-tree.js';
import { SHELLS } from '../../lib/cli/completion.js';
import { shortly } from '../../lib/cli/completion-words.js';
import { idleProgram } from './program-of.js';
import { runProgram } from './run-program.js';

const TREE = commandTree(idleProgram().program);
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

let folder: string;
const fileOf = (shell: string): string => join(folder, `iri-lb.${shell}`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iri-lb-completion-'));
  for (const [shell, make] of Object.entries(SHELLS)) writeFileSync(fileOf(shell), make(TREE));
  writeFileSync(join(folder, 'lb.json'), '{}');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is offered after these words, the last of which has been begun. */
function offeredByBash(...words: readonly string[]): string[] {
  const script = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _iri_lb; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['--norc', '-uc', script, fileOf('bash'), 'iri-lb', ...words],
    {
      encoding: 'utf8',
      cwd: folder,
    },
  );
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter(Boolean);
}

const WANTED: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['pl', ['plan']],
  ['node re', ['remove']],
  ['node add --p', ['--port', '--pow', '--print']],
  ['node add --scheme ', ['http', 'https']],
  ['node add --pow t', ['true']],
  ['render haproxy --pe', ['--peer']],
  ['invoke ', ['watch', 'resync']],
  ['plan --fo', ['--force']],
  ['completion f', ['fish']],
  ['node add --file lb', ['lb.json']],
  ['node list --address pl', []],
  ['node add --http lb', []],
  ['plan nothing', []],
];

describe('bash', () => {
  it.each(WANTED)('after "iri-lb %s"', (line, offered) => {
    expect(offeredByBash(...line.split(' '))).toEqual(offered);
  });

  it('has every command at its place, and every option of each', () => {
    for (const { path, commands, options, arguments: args } of TREE) {
      if (commands.length > 0) expect(offeredByBash(...path, '')).toEqual(commands);
      else if (args.length === 0) expect(offeredByBash(...path, '')).toEqual([]);
      expect(offeredByBash(...path, '-')).toEqual(options.flatMap(({ names }) => names));
    }
  });

  it('takes a value for no command', () => {
    expect(offeredByBash('node', 'add', '--id', 'plan', '--pow', '')).toEqual(['false', 'true', 'only']);
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  const offered = (line: string): string[] => {
    const script = `source ${fileOf('fish')}; complete -C ${JSON.stringify(`iri-lb ${line}`)}`;
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
      cwd: folder,
    });
    expect(stderr).toBe('');
    return stdout.split('\n').flatMap((entry) => entry.split('\t')[0] || []);
  };

  it.each(WANTED)('after "iri-lb %s"', (line, wanted) => {
    expect(offered(line).sort()).toEqual([...wanted].sort());
  });
});

describe('zsh', () => {
  it('has a function for each command, with every option of it', () => {
    const script = SHELLS.zsh?.(TREE) ?? '';
    for (const { path, options } of TREE) {
      const [, body = ''] = script.split(`\n${['_iri-lb', ...path].join('-')}() {\n`);
      const [own = ''] = body.split('\n}\n');
      for (const { names } of options) for (const name of names) expect(own).toContain(`'*${name}[`);
    }
  });

  it.skipIf(!has('zsh'))('reads it', () => {
    expect(spawnSync('zsh', ['-f', '-n', fileOf('zsh')], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

describe('iri-lb completion', () => {
  it.each(Object.keys(SHELLS))('%s prints it', async (shell) => {
    const { status, out, err } = await runProgram(['completion', shell], {});
    expect([status, err]).toEqual([0, '']);
    expect(`${out}\n`).toBe(SHELLS[shell]?.(TREE));
  });

  it('says of options nothing that a shell would read as its own', () => {
    expect(shortly(`what $X 'it' "is" [a:b] \`c\` d; and more`)).toBe('what X it is a b c d');
  });
});
