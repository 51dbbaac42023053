// One line on stderr that says what is being waited for, while it takes over a second; then it is gone again.
import type { OnWait } from '../run/on-wait.js';
import { fitLine, type Screen, screenOf } from './screen.js';

export interface Progress {
  readonly onWait: OnWait;
  /** Takes the line away, before anything else is written; it comes again while the wait lasts. */
  readonly clear: () => void;
}

export interface ProgressDeps {
  /** A terminal: lines are written over. */
  readonly write: (text: string) => unknown;
  /** Read anew each time: people resize. */
  readonly screen: () => Screen | undefined;
  /** Milliseconds by a clock that never jumps. */
  readonly now: () => number;
  /** Calls again and again until the function that it returns is called. */
  readonly often: (look: () => void) => () => void;
}

/** What takes no longer is told to nobody, in milliseconds. */
const PATIENCE_MS = 1_000;
const OFTEN_MS = 200;
/** To the line's begin, and clear it. */
const ERASE = '\r\u001b[K';

interface Wait {
  readonly what: string;
  readonly since: number;
  readonly limitMs: number | undefined;
}

/** The longest wait is told, and how many others there are. */
export function makeProgress({ write, screen, now, often }: ProgressDeps): Progress {
  const waits = new Set<Wait>();
  let shown = '';
  let stop: (() => void) | undefined;
  const show = (text: string): void => {
    if (text === shown) return;
    write(ERASE + fitLine(text, screen()?.columns));
    shown = text;
  };
  const look = (): void => {
    const long = [...waits].filter(({ since }) => now() - since >= PATIENCE_MS);
    show(long.length === 0 ? '' : waitText(long, now()));
  };
  return {
    clear: () => show(''),
    onWait(what, limitMs) {
      const wait = { what, since: now(), limitMs };
      waits.add(wait);
      stop ??= often(look);
      return () => {
        waits.delete(wait);
        if (shown !== '') look();
        if (waits.size > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}

/** `waiting for the admin socket of tcp://10.0.0.1:9999, 7 s of 15; 2 more`. */
function waitText(waits: readonly Wait[], now: number): string {
  const [longest, ...others] = [...waits].sort((a, b) => a.since - b.since);
  if (!longest) return '';
  const seconds = (ms: number): string => `${Math.floor(ms / 1_000)}`;
  const of = longest.limitMs === undefined ? '' : ` of ${seconds(longest.limitMs)}`;
  const more = others.length === 0 ? '' : `; ${others.length} more`;
  return `waiting for ${longest.what}, ${seconds(now - longest.since)} s${of}${more}`;
}

/** On this process's stderr; undefined where that is no terminal. */
export function stderrProgress(stream: NodeJS.WriteStream = process.stderr): Progress | undefined {
  if (!stream.isTTY) return undefined;
  return makeProgress({
    write: (text) => stream.write(text),
    screen: () => screenOf(stream),
    now: () => performance.now(),
    often: (look) => {
      const timer = setInterval(look, OFTEN_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  });
}
