// What runs leave behind is collected when one is over: not in the middle of the next one, nor only long after.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Prints in how many of a hundred runs V8 collected. */
const MEETS = `
  import { constants, PerformanceObserver } from 'node:perf_hooks';
  import { keepSmall } from './lib/run/daemon/keep-small.ts';
  const collections = [];
  new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ entryTypes: ['gc'] });
  const afterRun = COLLECTS ? keepSmall() : () => {};
  const runs = [];
  let kept = [];
  for (let number = 0; number < 100; number += 1) {
    const from = performance.now();
    const made = Array.from({ length: 10_000 }, (_, at) => ({ at, text: String(number * at) }));
    // Some live on for a while, as what a history keeps does: they make the young generation grow.
    kept = [...kept.slice(-1_000), ...made.slice(0, 200)];
    runs.push([from, performance.now()]);
    afterRun();
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const isYoung = ({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MINOR;
  const times = collections.filter(isYoung).map(({ startTime }) => startTime);
  const isMet = ([from, to]) => times.some((time) => time >= from && time <= to);
  // The first ones are those of a young generation that grows.
  console.log(runs.slice(10).filter(isMet).length);
`;

/** Prints by how many bytes the heap is larger than what lives in it, at the worst time of 400 runs. */
const GROWS = `
  import v8 from 'node:v8';
  import { keepSmall } from './lib/run/daemon/keep-small.ts';
  const usedBytes = () => v8.getHeapStatistics().used_heap_size;
  const afterRun = COLLECTS ? keepSmall() : () => {};
  let kept = [];
  let largest = 0;
  for (let number = 0; number < 400; number += 1) {
    const made = Array.from({ length: 1_000 }, (_, at) => ({ at, text: String(number * at) }));
    // Each outlives ten runs, so that no collection of the young generation finds it dead.
    kept = [...kept.slice(-9), made];
    afterRun();
    if (number >= 100) largest = Math.max(largest, usedBytes());
  }
  globalThis.gc();
  console.log(largest - usedBytes());
`;

/** Prints how often all of a heap in which so many MB live was collected after three runs. */
const collectionsOf = (mb: number): string => `
  import { constants, PerformanceObserver } from 'node:perf_hooks';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { keepSmall } from './lib/run/daemon/keep-small.ts';
  const afterRun = COLLECTS ? keepSmall() : () => {};
  const kept = Array.from({ length: ${mb} }, () => Array.from({ length: 131_072 }, (_, at) => at + 0.5));
  // V8 has nothing begun any more that it might end now.
  globalThis.gc();
  const collections = [];
  new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ entryTypes: ['gc'] });
  for (const _ of [1, 2, 3]) afterRun();
  await sleep(50);
  const isAll = ({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
  console.log(kept.length === ${mb} ? collections.filter(isAll).length : 'nothing');
`;

/** What a program prints, in a process of its own: V8's flags are of all of it. */
async function printed(program: string, collects: boolean): Promise<number> {
  const text = program.replace('COLLECTS', String(collects));
  const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', text];
  return Number((await promisify(execFile)(process.execPath, args)).stdout);
}

const withAndWithout = (program: string) =>
  Promise.all([printed(program, true), printed(program, false)] as const);

it('runs meet no collection of the young generation, but where nothing is done for it', async () => {
  const [collecting, without] = await withAndWithout(MEETS);
  expect(collecting).toBeLessThan(5);
  expect(without).toBeGreaterThan(collecting);
});

it('the heap is at most a quarter or 2 MB larger than what lives in it', async () => {
  const [collecting, without] = await withAndWithout(GROWS);
  expect(collecting).toBeGreaterThan(0);
  // Beside the 2 MB, what the young generation still has of the last run.
  expect(collecting).toBeLessThan(4 * 1_048_576);
  expect(without).toBeGreaterThan(collecting);
});

it('a large heap is left to V8: nothing waits until all of it is collected', async () => {
  const [small, large] = await Promise.all([collectionsOf(1), collectionsOf(80)].map(withAndWithout));
  expect(small).toEqual([1, 0]);
  expect(large).toEqual([0, 0]);
});
