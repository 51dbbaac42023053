// Limits how many load balancers are served at once; one that keeps us waiting does not count. A semaphore. Pure.
import type { Config } from '../config/pools.js';
import { showMs } from '../model/text.js';

/** Most of those that may wait for their sockets beside the ones that are served: each is an open file. */
const MAX_LENT = 256;
/** Of those that took the run's time, named in an error. */
const MAX_NAMED = 3;

/** The right of one load balancer to be served now. */
export interface Permit {
  /** Waits until there is one; whoever lent theirs comes first. Undefined: there is one. */
  acquire(): Promise<void> | undefined;
  /** Lets another one go on until we acquire it again. False: too many are lent, ours goes on. */
  lend(): boolean;
  /** Gives it back, if it is held; more than once does no harm. */
  release(): void;
  /** Whether it ever had to wait for others. */
  hasWaited(): boolean;
}

export interface Concurrency {
  permitFor(name: string): Permit;
  /** Who had most of the time so far, for people: `a (5000 ms), b (200 ms)`. */
  longest(): string;
}

/** At most `bound` permits at once, first come, first served; `now` is in milliseconds. */
export function makeConcurrency(bound: number, now: () => number): Concurrency {
  let free = bound;
  let lentCount = 0;
  const returning: (() => void)[] = [];
  const coming: (() => void)[] = [];
  const usedMs = new Map<string, number>();
  const passOn = (): void => {
    const next = returning.shift() ?? coming.shift();
    if (next) next();
    else free += 1;
  };

  const permitFor = (name: string): Permit => {
    let state: 'none' | 'held' | 'lent' = 'none';
    let since = 0;
    let waited = false;
    const leave = (to: 'none' | 'lent'): void => {
      if (state === 'lent') lentCount -= 1;
      if (to === 'lent') lentCount += 1;
      const wasHeld = state === 'held';
      state = to;
      if (!wasHeld) return;
      usedMs.set(name, (usedMs.get(name) ?? 0) + Math.round(now() - since));
      passOn();
    };
    return {
      acquire: () => {
        const queue = state === 'lent' ? returning : coming;
        leave('none');
        const hold = (): void => {
          state = 'held';
          since = now();
        };
        if (free > 0) {
          free -= 1;
          hold();
          return undefined;
        }
        waited = true;
        return new Promise<void>((resolve) => queue.push(resolve)).then(hold);
      },
      lend: () => {
        if (lentCount >= MAX_LENT) return false;
        leave('lent');
        return true;
      },
      release: () => leave('none'),
      hasWaited: () => waited,
    };
  };

  return {
    permitFor,
    longest: () =>
      [...usedMs]
        .sort(([, a], [, b]) => b - a)
        .slice(0, MAX_NAMED)
        .map(([name, ms]) => `${name} (${showMs(ms)})`)
        .join(', '),
  };
}

/** How long a run over `count` load balancers may take when nobody says otherwise, in milliseconds. */
export function longestRunMs(config: Config, count: number): number {
  const { consulTimeoutMs, loadBalancerTimeoutMs, concurrency } = config;
  return consulTimeoutMs + Math.max(1, Math.ceil(count / concurrency)) * loadBalancerTimeoutMs;
}
