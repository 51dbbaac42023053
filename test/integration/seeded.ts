// Random choices that can be made again: the seed is in the test's output, and `SEED` sets it.
import { randomInt } from 'node:crypto';

export interface Seeded {
  readonly seed: number;
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number;
  pick<T>(items: readonly T[]): T;
}

/** `SEED` from the environment, else a new one, which is printed. */
export function seeded(what: string): Seeded {
  const seed = Number(process.env.SEED) || randomInt(1, 2 ** 31);
  console.log(`${what}: SEED=${seed}`);
  let state = seed;
  // Mulberry32: 32 bits of state, even enough for choosing.
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    seed,
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
