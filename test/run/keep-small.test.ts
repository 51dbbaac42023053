// What a run leaves behind is collected when it is over, not in the middle of the next one.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** In a process of its own: V8's flags are of all of it. Prints in how many of a hundred runs V8 collected. */
const PROGRAM = `
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

/** In how many of 90 runs. */
async function metIn(collects: boolean): Promise<number> {
  const program = PROGRAM.replace('COLLECTS', String(collects));
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  return Number((await promisify(execFile)(process.execPath, args)).stdout);
}

it('runs meet no collection of the young generation, but where nothing is done for it', async () => {
  const [collecting, without] = await Promise.all([metIn(true), metIn(false)]);
  expect(collecting).toBeLessThan(5);
  expect(without).toBeGreaterThan(collecting);
});
