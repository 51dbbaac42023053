// The man page: made at each build, without a fault that `man` finds, with every command and option in it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTree } from '../../lib/cli/command-tree.js';
import { manPage, roff } from '../../lib/cli/man-page.js';
import { idleProgram } from './program-of.js';

const TREE = commandTree(idleProgram().program);
const PAGE = manPage(TREE);
const BUILT = join(import.meta.dirname, '..', '..', 'dist', 'iri-lb.1');
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** The macros of man(7) that we use, with what each wants after it. */
const MACROS = /^\.(?:TH .+|SH .+|SS .+|PP|TP|EX|EE|B .+|I .+|BR .+)$/;

describe('the man page', () => {
  it('is of macros that there are, and of lines that are no macros by chance', () => {
    const lines = PAGE.trimEnd().split('\n');
    expect(lines.filter((line) => /^[.']/.test(line) && !MACROS.test(line))).toEqual([]);
    expect(lines.filter((line) => line === '' || (line.length > 80 && !line.startsWith('.')))).toEqual([]);
    // After a tag comes what it means; what is opened is closed.
    expect(lines.filter((line, at) => line === '.TP' && !lines[at + 1]?.startsWith('.B '))).toEqual([]);
    expect(lines.filter((line) => line === '.EX').length).toBe(lines.filter((line) => line === '.EE').length);
    // A backslash begins only what roff knows.
    expect(PAGE.replace(/\\(?:-|e|f[IR]|&|\((?:aq|ha|ti))/g, '')).not.toContain('\\');
  });

  it('prints text as it is', () => {
    expect(roff(".a'b-c\\d\ne")).toBe('\\&.a\\(aqb\\-c\\ed e');
  });

  it.skipIf(!has('man') || !has('groff'))('has nothing that `man` warns of, and shows every option', () => {
    const { stdout, stderr, status } = spawnSync('man', ['--warnings', '-l', '-'], {
      input: PAGE,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, MANWIDTH: '200', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' },
    });
    expect([status, stderr]).toEqual([0, '']);
    for (const { path, options } of TREE) {
      if (path.length > 0) expect(stdout).toContain(`iri-lb ${path.join(' ')}`);
      for (const { flags } of options.filter(({ names }) => !names.includes('--help')))
        expect(stdout).toContain(flags);
    }
  });

  it('is beside the built program', () => {
    const unbuilt = (text: string): string => text.replace(/^\.TH.*\n/, '');
    expect(unbuilt(readFileSync(BUILT, 'utf8'))).toBe(unbuilt(PAGE));
    expect(readFileSync(BUILT, 'utf8')).toMatch(/^\.TH IRI\\-LB 1 "" "iri\\-lb \d+\.\d+\.\d+" /);
  });
});
