// Reads shared among load balancers: never older than the lock they are for. And lists in bounded parts.
import { describe, expect, it } from 'vitest';
import { mapBounded } from '../../lib/run/map-bounded.js';
import { shareReads } from '../../lib/run/shared-reads.js';
import { systemClock } from '../../lib/run/system-clock.js';

/** Promises that are settled by hand. */
function gate<T>() {
  let open: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('shared reads', () => {
  it('begin anew for whoever asks after one began', async () => {
    let reads = 0;
    const shared = shareReads(async () => ++reads, systemClock);
    expect([await shared.fresh(), await shared.fresh()]).toEqual([1, 2]);
  });

  it('are not the ones already under way', async () => {
    const answers = [gate<string>(), gate<string>()];
    let reads = 0;
    const begun = gate<void>();
    const shared = shareReads(() => {
      begun.open();
      return answers[reads++]?.promise ?? Promise.reject(new Error('a third read'));
    }, systemClock);
    const first = shared.fresh();
    await begun.promise;
    const second = shared.fresh();
    answers[1]?.open('new');
    answers[0]?.open('old');
    expect([await first, await second]).toEqual(['old', 'new']);
  });

  it('are one for load balancers that get their locks together', async () => {
    let reads = 0;
    const shared = shareReads(async () => ++reads, systemClock);
    shared.waiting(1);
    shared.waiting(1);
    shared.waiting(-1);
    const first = shared.fresh();
    shared.waiting(-1);
    const second = shared.fresh();
    expect([await first, await second, reads]).toEqual([1, 1, 1]);
  });

  it('are one for all who only look within half a second', async () => {
    let reads = 0;
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const shared = shareReads(async () => ++reads, clock, { forLook: true });
    const seen = [await shared.fresh()];
    nowMs = 500;
    seen.push(await shared.fresh());
    nowMs = 501;
    seen.push(await shared.fresh());
    expect(seen).toEqual([1, 1, 2]);
  });

  it('begin at once, for the first read of each, and of none that comes later or reads again', async () => {
    let reads = 0;
    let isEarly = true;
    const shared = shareReads(async () => ++reads, systemClock, { atOnce: () => isEarly });
    expect(reads).toBe(1);
    expect([await shared.first(), await shared.first(), await shared.fresh()]).toEqual([1, 1, 2]);
    isEarly = false;
    expect(await shared.first()).toBe(3);
  });

  it('that failed are shared by nobody who looks later', async () => {
    let reads = 0;
    const read = async (): Promise<number> => {
      reads += 1;
      if (reads === 1) throw new Error('no answer');
      return reads;
    };
    const shared = shareReads(read, { ...systemClock, monotonicMs: () => 0 }, { forLook: true });
    await expect(shared.first()).rejects.toThrow('no answer');
    expect(await shared.fresh()).toBe(2);
  });

  it('do not wait for ever for one that gets no lock', async () => {
    const shared = shareReads(async () => 'read', systemClock);
    shared.waiting(1);
    expect(await shared.fresh()).toBe('read');
  });
});

describe('a bounded list', () => {
  it('is worked on by at most so many at once, and gives its results in order', async () => {
    let running = 0;
    let most = 0;
    const results = await mapBounded([5, 1, 4, 2, 3], 2, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return item * 10;
    });
    expect(results).toEqual([50, 10, 40, 20, 30]);
    expect(most).toBe(2);
  });
});
