import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most of a test is waiting for a real part: two at once keep a machine of two cores busy.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
