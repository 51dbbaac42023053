// Runs of one handler, one after the other, with an account of how they went.
import type { Clock } from '../model/clock.js';
import { messageOf } from '../model/errors.js';

/** For /health. */
export interface TurnsStatus {
  readonly running: boolean;
  /** Requests whose run has not begun. */
  readonly waiting: number;
  /** When a run last went well, ISO 8601. */
  readonly lastSuccess: string | null;
  /** Of the last run, where that failed. */
  readonly lastError: string | null;
}

export interface Turns {
  /**
   * Undefined where too many wait already; else the result of `work`, once its turn has come. Throws what it throws.
   * `counts`: whether how it ends says how runs go.
   */
  take<T>(work: () => Promise<T>, counts?: boolean): Promise<T> | undefined;
  status(): TurnsStatus;
  /** Resolves when nothing runs and nobody waits. */
  idle(): Promise<void>;
}

/** `most`: how many may wait. */
export function makeTurns(clock: Pick<Clock, 'wallMs'>, most: number): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let running = false;
  let lastSuccess: number | undefined;
  let lastError: string | undefined;

  const run = async <T>(work: () => Promise<T>, counts: boolean): Promise<T> => {
    waiting -= 1;
    running = true;
    try {
      const result = await work();
      if (counts) {
        lastSuccess = clock.wallMs();
        lastError = undefined;
      }
      return result;
    } catch (error) {
      if (counts) lastError = messageOf(error);
      throw error;
    } finally {
      running = false;
    }
  };

  return {
    take(work, counts = true) {
      if (waiting >= most) return undefined;
      waiting += 1;
      const turn = last.then(() => run(work, counts));
      last = turn.catch(() => undefined);
      return turn;
    },
    status: () => ({
      running,
      waiting,
      lastSuccess: lastSuccess === undefined ? null : new Date(lastSuccess).toISOString(),
      lastError: lastError ?? null,
    }),
    idle: async () => {
      await last;
    },
  };
}
