// When the fleet is looked at for the page: while somebody has it open, and never while a run goes on.
export interface LookerDeps {
  /** Looks once, and tells whoever wants to know; never throws. Ends early where it is told to. */
  readonly look: (signal: AbortSignal) => Promise<void>;
  /** Milliseconds, by a clock that never jumps. */
  readonly now: () => number;
  readonly everyMs?: number;
}

export interface Looker {
  /** So many have the page open. */
  watchedBy(count: number): void;
  /** Something has changed. */
  poke(): void;
  /** A run begins: what is under way is given up, and nothing is begun until it is over. */
  runBegins(): void;
  /** `hasChanged`: there may be something else to be seen. */
  runEnds(hasChanged: boolean): void;
  close(): void;
}

const EVERY_MS = 5_000;
/** Between two looks at least, in milliseconds, and as long as the last one took. */
const REST_MS = 100;
const REST_TIMES = 1;

export function makeLooker({ look, now, everyMs = EVERY_MS }: LookerDeps): Looker {
  let watchers = 0;
  let running = 0;
  let working: AbortController | undefined;
  let asked = false;
  let endedAt = Number.NEGATIVE_INFINITY;
  let tookMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const isIdle = (): boolean => !isClosed && watchers > 0 && running === 0 && working === undefined;
  function plan(): void {
    clearTimeout(timer);
    if (!isIdle()) return;
    const restMs = Math.max(REST_MS, Math.min(everyMs, REST_TIMES * tookMs));
    const at = endedAt + (asked ? restMs : Math.max(restMs, everyMs));
    timer = setTimeout(() => void begin(), Math.max(0, at - now()));
  }
  async function begin(): Promise<void> {
    if (!isIdle()) return;
    asked = false;
    working = new AbortController();
    const startedAt = now();
    const { signal } = working;
    await look(signal);
    working = undefined;
    // One that was given up is made after the run.
    if (signal.aborted) asked = true;
    else {
      endedAt = now();
      tookMs = endedAt - startedAt;
    }
    plan();
  }

  return {
    watchedBy(count) {
      const isFirst = watchers === 0 && count > 0;
      watchers = count;
      if (isFirst) asked = true;
      if (isFirst || count === 0) plan();
    },
    poke() {
      asked = true;
      plan();
    },
    runBegins() {
      running += 1;
      working?.abort();
      clearTimeout(timer);
    },
    runEnds(hasChanged) {
      running = Math.max(0, running - 1);
      asked ||= hasChanged;
      plan();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      working?.abort();
    },
  };
}
