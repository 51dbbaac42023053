// Finds the commands that the documentation tells people to type, in its blocks and in the midst of its sentences.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { splitWords } from '../../lib/cli/split-words.js';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Documented {
  /** `README.md:131`, of its first line. */
  readonly place: string;
  readonly text: string;
}

export const DOCUMENTS = ['README.md', 'lib/README.md', 'infra/README.md', 'infra/runbook.md'];

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length;

/** Blocks of shell, as they stand there. */
export function blocksIn(file: string): Documented[] {
  const text = read(file);
  return [...text.matchAll(/^( *)```(sh|console)\n([\s\S]*?)^\1```$/gm)].map(
    ({ 2: kind, 3: block = '', index }) => ({
      place: `${file}:${lineAt(text, index) + 1}`,
      // Of a session what is typed, and not what is answered.
      text:
        kind === 'sh' ? block : [...block.matchAll(/^\$ (.*)$/gm)].map(([, line]) => `${line}\n`).join(''),
    }),
  );
}

/** Commands within sentences and tables, each alternative (`a|b`) and each option that may be left out on its own. */
export function spansIn(file: string): Documented[] {
  const text = read(file);
  return [...text.matchAll(/`((?:iri-lb|npx|npm|consul|systemctl) [^`]+)`/g)].flatMap(
    ({ 1: span = '', index }) =>
      alternatives(span.replaceAll('\\|', '|')).map((one) => ({
        place: `${file}:${lineAt(text, index)}`,
        text: one,
      })),
  );
}

function alternatives(span: string): string[] {
  const optional = /\[([^\]]*)\]/.exec(span);
  if (optional) {
    const [whole, inner = ''] = optional;
    return [span.replace(whole, ''), span.replace(whole, inner)].flatMap(alternatives);
  }
  const choice = /(?<=^| )[\w-]+(?:\|[\w-]+)+(?= |$)/.exec(span);
  if (!choice) return [span];
  return choice[0].split('|').flatMap((one) => alternatives(span.replace(choice[0], one)));
}

/** Where output goes, or input comes from. */
const INTO_FILE = / [0-9&]?[<>]{1,2}&? ?[^\s<>()'"]+(?= |$)/g;

const KEYWORD = /^(?:do|done|then|else|fi|if|while|[{}()!])$/;

/** The commands of a shell script, each as its words, in quotes or not; of `for`, `case` and comments nothing. */
export function commandsIn(script: string): string[][] {
  return piecesOf(script).flatMap((piece) => {
    const inner = [...piece.matchAll(/\$\(((?:[^()]|\([^()]*\))*)\)/g)].flatMap(([, text = '']) =>
      commandsIn(text),
    );
    const plain = piece.replace(/\$\((?:[^()]|\([^()]*\))*\)/g, 'X').replace(INTO_FILE, ' ');
    const words = splitWords(plain.trim()) ?? [];
    // `name() { …`: its name is no command.
    words.splice(0, words.indexOf('()') + 1);
    while (words[0] !== undefined && (KEYWORD.test(words[0]) || /^[A-Za-z_]\w*=/.test(words[0])))
      words.shift();
    // Where its output goes is none of its arguments.
    const to = words.findIndex((word) => /^[<>]+$/.test(word));
    if (to > 0) words.splice(to, 2);
    const own = words[0] === 'for' || words.length === 0 ? [] : [words];
    const remote = words[0] === 'ssh' ? commandsIn(words.at(-1) ?? '') : [];
    return [...own, ...inner, ...remote];
  });
}

/** Functions that a script defines, so that it may call them. */
export const functionsIn = (script: string): string[] =>
  [...script.matchAll(/\b(\w+)\(\) \{/g)].map(([, name = '']) => name);

/** Splits at line ends, `;`, `|` and `&` outside of quotes and `$(…)`; takes comments and continued lines away. */
function piecesOf(script: string): string[] {
  const pieces = [''];
  let quote = '';
  let depth = 0;
  const add = (text: string): void => {
    pieces[pieces.length - 1] += text;
  };
  const text = script.replaceAll('\\\n', ' ');
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at] ?? '';
    if (quote === '' && depth === 0 && c === '#' && /\s|^$/.test(text[at - 1] ?? '')) {
      at = text.indexOf('\n', at) - 1;
      if (at < 0) break;
      continue;
    }
    if (quote === '' && (c === "'" || c === '"')) quote = c;
    else if (c === quote) quote = '';
    else if (quote !== "'" && c === '$' && text[at + 1] === '(') depth += 1;
    else if (quote !== "'" && depth > 0 && c === ')') depth -= 1;
    const isEnd = quote === '' && depth === 0 && /[\n;|&]/.test(c);
    if (isEnd) pieces.push('');
    else add(c === '(' && text[at + 1] === ')' && quote === '' ? ` ${c}` : c);
  }
  return pieces;
}
