// The blocks of commands of a guide, to be run as they are printed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './example.js';

export interface Guide {
  readonly text: string;
  /** The one block of commands in which `part` is. */
  commands(part: string): string;
}

/** A guide of the folder infra. */
export function readGuide(name: string): Guide {
  const text = readFileSync(join(root, 'infra', name), 'utf8');
  const blocks = [...text.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm)].map(([, , block = '']) => block);
  return {
    text,
    commands: (part) => {
      const [found, ...others] = blocks.filter((block) => block.includes(part));
      if (found === undefined || others.length > 0) throw new Error(`not one block with ${part} in ${name}`);
      return found;
    },
  };
}
