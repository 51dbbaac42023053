// Splits one argument into several words, as a shell would. Pure.

const WORD = /\s*((?:[^\s'"]+|'[^']*'|"[^"]*")+)\s*/y;

/**
 * The words of a text, split at blanks except within single or double quotes, which are taken away and
 * within which nothing is special. Undefined where a quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  WORD.lastIndex = 0;
  for (let at = 0; at < text.length; at = WORD.lastIndex) {
    const word = WORD.exec(text)?.[1];
    if (word === undefined) return text.slice(at).trim() === '' ? words : undefined;
    words.push(word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  }
  return words;
}
