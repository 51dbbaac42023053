// Texts that are safe to show: what a terminal would act on, or that reorders text, stands there as its code.
import { describe, expect, it } from 'vitest';
import { jsonText, plainText } from '../../lib/model/text.js';

const HOSTILE = [
  '\u0007',
  '\u001b[31m',
  '\u007f',
  '\u009b31m',
  '\u202e',
  '\u2066',
  '\u200b',
  '\ufeff',
  '\u2028',
  '\r',
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

describe('JSON', () => {
  it.each(HOSTILE.map((text) => [JSON.stringify(text), text]))(
    'says the same with %s in it, and shows none',
    (_name, text) => {
      const value = { [`k${text}`]: [`a${text}b\nc`, 'é', '日本'] };
      for (const indent of [0, 2]) {
        const printed = jsonText(value, indent);
        expect(printed).not.toMatch(UNSAFE);
        expect(JSON.parse(printed)).toEqual(value);
      }
    },
  );

  it('is that of JSON.stringify where nothing is hostile', () => {
    const value = { a: [1, 'x y', null, { b: true }], c: 'é' };
    expect(jsonText(value, 2)).toBe(JSON.stringify(value, null, 2));
  });
});

it('plain text shows the codes, on one line', () => {
  expect(plainText('a\u009bb\nc\u202e')).toBe('a\\u009bb\\u000ac\\u202e');
});
