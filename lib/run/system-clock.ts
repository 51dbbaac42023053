// The real clock.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadlineClock } from '../model/clock.js';

export const systemClock: DeadlineClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => sleep(ms),
  async within(ms, work, late) {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late()), ms);
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      clearTimeout(timer);
    }
  },
};
