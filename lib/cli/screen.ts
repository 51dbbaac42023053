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
        const cells = cellsOf(char);
        if (width + cells > columns - 1) break;
        shown += char;
        width += cells;
      }
    ESCAPE.lastIndex = 0;
  }
  return `${shown}…`;
}

/** Cells that a line takes, without its colours. */
export function widthOf(line: string): number {
  const shown = line.includes('\u001b') ? stripVTControlCharacters(line) : line;
  // Most are ASCII, which spares the look at each letter.
  if (/^[ -~]*$/.test(shown)) return shown.length;
  return [...shown].reduce((width, char) => width + cellsOf(char), 0);
}

/** East Asian letters and pictures take two; what is put over the letter before it none. Names may have any. */
function cellsOf(char: string): number {
  if (char <= '~') return 1;
  if (/\p{Mark}/u.test(char)) return 0;
  return /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u.test(
    char,
  )
    ? 2
    : 1;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const ESCAPE = /(\u001b\[[0-9;]*m)/;
