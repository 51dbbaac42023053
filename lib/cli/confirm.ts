// Asks the person at the terminal, where there is one.
import { createInterface } from 'node:readline/promises';

/** A yes-or-no question; anything but yes is no. */
export type Confirm = (question: string) => Promise<boolean>;

/** Undefined where stdin is no terminal: then there is nobody to ask. Ctrl-C and the end of input are a no. */
export function confirmOnTerminal(): Confirm | undefined {
  if (!process.stdin.isTTY) return undefined;
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    const left = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
    try {
      const answer = await Promise.race([lines.question(`${question} [y/N] `), left]);
      if (answer === undefined) process.stderr.write('\n');
      return /^y(?:es)?$/i.test(answer?.trim() ?? '');
    } catch {
      return false;
    } finally {
      lines.close();
    }
  };
}
