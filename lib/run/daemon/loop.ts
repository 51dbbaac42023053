// One run at a time: what comes while one is under way is one more run after it.
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { ToldRows } from '../../consul/told-rows.js';
import type { AtLeast } from '../../model/source.js';

/** Why a run is made; `look`: for the history, which needs none. */
export type Cause =
  | 'start'
  | 'watch'
  | 'resync'
  | 'haproxy'
  | 'retry'
  | 'resume'
  | 'reload'
  | 'wake'
  | 'look';

export interface Trigger {
  readonly cause: Cause;
  /** Milliseconds, by a clock that never jumps: when it was heard of. */
  readonly atMs: number;
  /** What Consul's answer has to be at least as new as. */
  readonly atLeast?: AtLeast;
  /** What came with that answer. */
  readonly told?: ToldRows;
}

export interface Loop {
  /** Makes a run at once, or right after the one that is under way. */
  push(trigger: Trigger): void;
  readonly running: boolean;
  /** Begins no more runs; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/** Between runs, in milliseconds: grows while each rest brings more to do, so that a burst is a few runs. */
const FIRST_REST_MS = 5;
const LONGEST_REST_MS = 100;
const GROWTH = 1.5;

/** `run` never throws. The first of a burst is not kept waiting. */
export function makeLoop(run: (trigger: Trigger) => Promise<void>): Loop {
  const stop = new AbortController();
  let pending: Trigger | undefined;
  let working: Promise<void> | undefined;
  let running = false;

  async function work(): Promise<void> {
    let restMs = FIRST_REST_MS;
    while (pending && !stop.signal.aborted) {
      const trigger = pending;
      pending = undefined;
      running = true;
      await run(trigger).finally(() => {
        running = false;
      });
      await sleepFor(restMs, undefined, { signal: stop.signal }).catch(() => undefined);
      restMs = Math.min(LONGEST_REST_MS, restMs * GROWTH);
    }
  }

  return {
    push(trigger) {
      pending = pending ? merged(pending, trigger) : trigger;
      if (stop.signal.aborted || working) return;
      working = work().finally(() => {
        working = undefined;
      });
    },
    get running() {
      return running;
    },
    async stop() {
      stop.abort();
      await working;
    },
  };
}

/** Heard of when the first was; the last version that was told counts, and whatever tells of one. */
function merged(first: Trigger, next: Trigger): Trigger {
  const { atLeast, told } = next.atLeast ? next : first;
  const { cause } = next.cause === 'look' || first.cause === 'watch' ? first : next;
  return { cause, atMs: first.atMs, ...(atLeast ? { atLeast } : {}), ...(told ? { told } : {}) };
}
