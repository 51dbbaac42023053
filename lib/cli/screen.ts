// What a command knows of the screen it prints on: its width, whether it takes colours, and fitting lines to it.
import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';

/** The terminal that stdout is. */
export interface Screen {
  /** Read anew each time: people resize. */
  readonly columns: number;
  readonly rows: number;
}

/** The screen of a stream; undefined: it is none. Some pseudo-terminals say 0 × 0: they are taken for the usual one. */
export function screenOf(stream: Partial<Screen> & { readonly isTTY?: boolean }): Screen | undefined {
  if (!stream.isTTY) return undefined;
  return {
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
  };
}

/** The part of a command's terminal that decides. */
interface Painted {
  readonly screen?: Screen | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Paint = ReturnType<typeof pc.createColors>;

/** Colours on a terminal only, and not where `NO_COLOR` is set (no-color.org). */
export function paintFor({ screen, env }: Painted): Paint {
  return pc.createColors(screen !== undefined && !env.NO_COLOR && env.TERM !== 'dumb');
}

/** A line that is at most so wide; what is cut off shows as `…`. `undefined`: no terminal, nothing is cut. */
export function fitLine(line: string, columns: number | undefined): string {
  if (columns === undefined || widthOf(line) <= columns) return line;
  let shown = '';
  let width = 0;
  for (const part of line.split(ESCAPE)) {
    if (ESCAPE.test(part)) shown += part;
    else
      for (const char of part) {
        if (width >= columns - 1) break;
        shown += char;
        width += 1;
      }
    ESCAPE.lastIndex = 0;
  }
  return `${shown}…`;
}

/** Cells that a line takes, without its colours: what is printed has no wide characters but in names, which are quoted. */
export function widthOf(line: string): number {
  return [...stripVTControlCharacters(line)].length;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const ESCAPE = /(\u001b\[[0-9;]*m)/;
