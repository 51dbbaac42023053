// A table fits its width, whatever is in it: the least wanted columns go first, and what is cut shows it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitLine, widthOf } from '../../lib/cli/screen.js';
import { shortNames, sideBySide } from '../../lib/cli/side-by-side.js';
import { type Column, tableLines } from '../../lib/cli/table.js';
import { wrapped } from '../../lib/cli/wrap.js';

const column = (head: string, rank: number, texts: readonly string[], right = false): Column => ({
  ...{ head, rank, right },
  cells: () => texts.map((text) => ({ text })),
});

const WANTED = [
  column('NAME', 0, ['frankfurt-1', 'x']),
  column('STATE', 1, ['serving', 'down']),
  column('COUNT', 2, ['7', '12'], true),
];

describe('a table', () => {
  it('is as wide as what is in it where there is room, and ends without blanks', () => {
    const lines = [
      'NAME         STATE    COUNT',
      'frankfurt-1  serving      7',
      'x            down        12',
    ];
    expect(tableLines(WANTED, undefined)).toEqual(lines);
    expect(tableLines(WANTED, 27)).toEqual(lines);
  });

  it('leaves out the column that is wanted least, and says so in its head', () => {
    expect(tableLines(WANTED, 26)).toEqual([
      'NAME         STATE …',
      'frankfurt-1  serving',
      'x            down',
    ]);
  });

  it('cuts what it cannot do without', () => {
    expect(tableLines(WANTED, 8)).toEqual(['NAME …', 'frank…', 'x']);
  });

  it('fits, whatever the letters are', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .map((made) => made.replaceAll(/\p{C}|\p{Z}/gu, 'x'));
    const made = fc.array(
      fc.record({ head: text, rank: fc.nat(3), cells: fc.array(text, { minLength: 2, maxLength: 2 }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(made, fc.integer({ min: 10, max: 120 }), (columns, width) => {
        const lines = tableLines(
          columns.map(({ head, rank, cells }) => column(head, rank, cells)),
          width,
        );
        for (const line of lines) expect(widthOf(fitLine(line, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('a line', () => {
  it.each([
    ['plain', 'plain', 5],
    ['abcdef', 'abcd…', 5],
    ['\u001b[31mabcdef\u001b[39m', '\u001b[31mabcd\u001b[39m…', 5],
    ['日本語の名', '日本…', 6],
  ])('%j is %j in its width', (line, fitted, columns) => {
    expect(fitLine(line, columns)).toBe(fitted);
  });

  it('is broken between words, and those after the first are indented', () => {
    expect(wrapped('! one two three four', 11, 2)).toEqual(['! one two', '  three', '  four']);
    expect(wrapped('! one two', undefined, 2)).toEqual(['! one two']);
    expect(wrapped('! abcdefghijklmn', 8, 2)).toEqual(['!', '  abcde…']);
  });
});

describe('load balancers', () => {
  it.each([
    [
      ['tcp://10.0.0.5:9999', 'tcp://10.0.0.6:9999'],
      ['10.0.0.5', '10.0.0.6'],
    ],
    [
      ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:2'],
      [':1', ':2'],
    ],
    [
      ['tcp://a:1', 'tcp://b:2'],
      ['a:1', 'b:2'],
    ],
    [['tcp://10.0.0.5:9999'], ['tcp://10.0.0.5:9999']],
    [
      ['unix:/run/a.sock', 'tcp://b:2'],
      ['unix:/run/a.sock', 'tcp://b:2'],
    ],
    [
      ['tcp://[::1]:1', 'tcp://[::2]:1'],
      ['[::1]', '[::2]'],
    ],
  ])('%j are called %j', (addresses, names) => {
    expect([...shortNames(addresses).values()]).toEqual(names);
  });

  it('that agree are told once, and those of which nothing is known are left out', () => {
    const said = (...texts: (string | undefined)[]) => texts.map((text, at) => ({ name: `lb${at}`, text }));
    expect(sideBySide(said('up', 'up'))).toBe('up');
    expect(sideBySide(said('up', 'down', 'up'))).toBe('up on lb0, lb2 | down on lb1');
    expect(sideBySide(said('up', undefined))).toBe('up');
    expect(sideBySide(said(undefined, undefined))).toBe('?');
  });
});
