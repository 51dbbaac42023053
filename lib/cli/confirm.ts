// Asks the person at the terminal, where there is one.
import { createInterface } from 'node:readline/promises';

/** A yes-or-no question; anything but yes is no. */
export type Confirm = (question: string) => Promise<boolean>;

/** Undefined where stdin is no terminal: then there is nobody to ask. */
export function confirmOnTerminal(): Confirm | undefined {
  if (!process.stdin.isTTY) return undefined;
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  };
}
