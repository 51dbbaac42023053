// Redraws a screen in place, as `top` does: on a terminal its other screen, so that nothing of it stays behind.
import { messageOf } from '../model/errors.js';
import type { Live } from './live.js';
import { fitLine, type Screen } from './screen.js';
import { isUsageError } from './usage.js';

export interface Watched<T> {
  readonly live: Live;
  /** Undefined: no terminal; each look is printed below the one before. */
  readonly screen: Screen | undefined;
  readonly intervalMs: number;
  /** Looks once. What it throws is shown, and looked at again. */
  readonly look: () => Promise<T>;
  /** The lines of a look, made anew when the terminal is resized. */
  readonly lines: (looked: T) => readonly string[];
  /** Told of a look that failed, in place of showing that. */
  readonly failed?: (line: string) => void;
}

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const TO_LINE_END = '\u001b[K';
const TO_SCREEN_END = '\u001b[J';

/** Until it is stopped; resolves then, with the terminal as it was. Throws wrong usage that the first look finds. */
export async function watchScreen<T>(watched: Watched<T>): Promise<void> {
  const { live, screen, intervalMs, look, lines, failed } = watched;
  const stopped = live.stopped();
  const isStopped = new Promise<'stopped'>((resolve) => {
    if (stopped.aborted) resolve('stopped');
    stopped.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  let shown = (): readonly string[] => [];
  const draw = (): void => {
    if (!stopped.aborted) live.write(screen ? drawn(shown(), screen) : `${shown().join('\n')}\n`);
  };
  if (screen) {
    live.write(ENTER);
    live.onResize(stopped, draw);
  }
  try {
    for (let isFirst = true; !stopped.aborted; isFirst = false) {
      const looked = await Promise.race([attempt(look), isStopped]);
      if (looked === 'stopped') return;
      if ('value' in looked) shown = () => lines(looked.value);
      else {
        if (isFirst && isUsageError(looked.error)) throw looked.error;
        const line = `iri-lb: ${messageOf(looked.error)}`;
        failed?.(line);
        shown = () => [line];
      }
      if ('value' in looked || !failed) draw();
      await live.pause(intervalMs, stopped);
    }
  } finally {
    if (screen) live.write(LEAVE);
  }
}

async function attempt<T>(
  look: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}

/**
 * From the top left corner, each line cleared before it is written: after one that is as wide as the terminal, its
 * last letter would be. What does not fit below is counted on the last line.
 */
function drawn(lines: readonly string[], { columns, rows }: Screen): string {
  // 0 where the terminal does not know its size.
  const room = rows || lines.length;
  const more = lines.length - (room - 1);
  const shown =
    lines.length <= room
      ? lines
      : [...lines.slice(0, room - 1), fitLine(`… ${more} more lines`, columns || undefined)];
  return `${HOME}${shown.map((line) => `${TO_LINE_END}${fitLine(line, columns || undefined)}`).join('\r\n')}${TO_SCREEN_END}`;
}
