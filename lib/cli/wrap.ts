// Breaks a sentence into lines that fit the screen, at its blanks.
import { fitLine, widthOf } from './screen.js';

/**
 * Lines of at most `columns` cells, all but the first indented by `indent`; a word that is longer is cut visibly.
 * `undefined`: no terminal, and one line.
 */
export function wrapped(text: string, columns: number | undefined, indent = 2): string[] {
  if (columns === undefined || widthOf(text) <= columns) return [text];
  const lines: string[] = [];
  const start = /^ */.exec(text)?.[0] ?? '';
  let line = start;
  for (const word of text.trimStart().split(' ')) {
    const isEmpty = line.trim() === '';
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line);
      line = `${start}${' '.repeat(indent)}${word}`;
    } else line = isEmpty ? `${line}${word}` : `${line} ${word}`;
  }
  return [...lines, line].map((one) => fitLine(one, columns));
}
