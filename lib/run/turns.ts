// Whose turn it is: so many load balancers are served at once, not counting those that keep us waiting. Pure.
import type { Config } from '../config/pools.js';
import { showMs } from '../model/text.js';

/** Most of those that may wait for their sockets beside the ones that are served: each is an open file. */
const MAX_ASIDE = 256;
/** Of those that took the run's time, named in an error. */
const MAX_NAMED = 3;

export interface Turn {
  /** Waits until it is our turn; whoever stepped aside before comes first. */
  begin(): Promise<void>;
  /** Lets another one go on meanwhile. False: too many have stepped aside, the turn goes on. */
  stepAside(): boolean;
  /** The turn is over, if it was one; more than once does no harm. */
  end(): void;
  /** Whether it ever had to wait for others. */
  hasWaited(): boolean;
}

export interface Turns {
  of(name: string): Turn;
  /** Who had most of the time so far, for people: `a (5000 ms), b (200 ms)`. */
  longest(): string;
}

/** At most `bound` turns at once, first come, first served; `now` is in milliseconds. */
export function makeTurns(bound: number, now: () => number): Turns {
  let free = bound;
  let asideCount = 0;
  const returning: (() => void)[] = [];
  const coming: (() => void)[] = [];
  const usedMs = new Map<string, number>();
  const passOn = (): void => {
    const next = returning.shift() ?? coming.shift();
    if (next) next();
    else free += 1;
  };

  const turnOf = (name: string): Turn => {
    let state: 'out' | 'in' | 'aside' = 'out';
    let since = 0;
    let waited = false;
    const leave = (to: 'out' | 'aside'): void => {
      if (state === 'aside') asideCount -= 1;
      if (to === 'aside') asideCount += 1;
      const wasIn = state === 'in';
      state = to;
      if (!wasIn) return;
      usedMs.set(name, (usedMs.get(name) ?? 0) + now() - since);
      passOn();
    };
    return {
      begin: async () => {
        const queue = state === 'aside' ? returning : coming;
        leave('out');
        if (free > 0) free -= 1;
        else {
          waited = true;
          await new Promise<void>((resolve) => queue.push(resolve));
        }
        state = 'in';
        since = now();
      },
      stepAside: () => {
        if (asideCount >= MAX_ASIDE) return false;
        leave('aside');
        return true;
      },
      end: () => leave('out'),
      hasWaited: () => waited,
    };
  };

  return {
    of: turnOf,
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
