// What a command that goes on until Ctrl-C needs of the process: raw output, resizing, interruption, pauses.
import { setTimeout as pause } from 'node:timers/promises';

export interface Live {
  /** Text as it is, without a line end. */
  readonly write: (text: string) => void;
  /** Called whenever the terminal has another size, until `stopped`. */
  readonly onResize: (stopped: AbortSignal, resized: () => void) => void;
  /** Aborted at Ctrl-C, at SIGTERM, and once nobody reads the output any more. */
  readonly stopped: () => AbortSignal;
  /** Ends at once, and without an error, where `stopped` is or becomes aborted. */
  readonly pause: (ms: number, stopped: AbortSignal) => Promise<void>;
  /** Ends the process, whatever is still asked of somebody. */
  readonly leave: (status: number) => void;
}

export const processLive: Live = {
  write: (text) => void process.stdout.write(text),
  onResize(stopped, resized) {
    process.stdout.on('resize', resized);
    stopped.addEventListener('abort', () => process.stdout.off('resize', resized), { once: true });
  },
  stopped() {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, abort);
    process.stdout.once('error', abort);
    return stop.signal;
  },
  pause: (ms, stopped) => pause(ms, undefined, { signal: stopped }).catch(() => undefined),
  leave: (status) => process.exit(status),
};
