// The words that completions are made of, for three shells; none of them can mean anything to a shell. Pure.
import type { OptionEntry, Takes } from './command-tree.js';

/** `node-add` of `['node', 'add']`: part of a function's name. */
export const nameOf = (path: readonly string[]): string => path.join('-');

/** The words it takes, if any, with a blank between. */
export function wordsIn(takes: Takes): string {
  return typeof takes === 'string' ? '' : takes.filter(isPlain).join(' ');
}

export const optionNames = (options: readonly OptionEntry[]): string =>
  options
    .flatMap(({ names }) => names)
    .filter(isPlain)
    .join(' ');

/** Whether a value stands in the next word: one that may be left out is given as `--wait=5m`. */
export const takesValue = ({ takes, isOptional }: OptionEntry): boolean => takes !== 'nothing' && !isOptional;

/** What an option or command is for, in one short line without what quotes or brackets end. */
export function shortly(about: string): string {
  const [first = ''] = about.replaceAll('\n', ' ').split(/; | \(/);
  return first
    .replace(/['"`\\[\]$:]/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

const isPlain = (word: string): boolean => /^[\w.-]+$/.test(word);
