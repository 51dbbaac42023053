// When the fleet is looked at: for whoever has the page open, and never while a run goes on.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeLooker } from '../../lib/serve/page/looker.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A look takes `takesMs`; what was given up is counted apart. */
function rig(takesMs = 20) {
  const seen = { begun: 0, ended: 0, aborted: 0, at: [] as number[] };
  const looker = makeLooker({
    now: () => Date.now(),
    look: async (signal) => {
      seen.begun += 1;
      seen.at.push(Date.now());
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, takesMs);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
      if (signal.aborted) seen.aborted += 1;
      else seen.ended += 1;
    },
  });
  return { looker, seen };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('the fleet', () => {
  it('is never looked at while nobody has the page open', async () => {
    const { looker, seen } = rig();
    looker.poke();
    looker.runBegins();
    looker.runEnds(true);
    await pass(60_000);
    expect(seen.begun).toBe(0);
  });

  it('is looked at at once for the first, then every 5 s, and no more once the last has gone', async () => {
    const { looker, seen } = rig();
    looker.watchedBy(1);
    await pass(0);
    expect(seen.begun).toBe(1);
    looker.watchedBy(200);
    await pass(20_000);
    expect(seen.begun).toBe(4);
    looker.watchedBy(0);
    await pass(60_000);
    expect(seen.begun).toBe(4);
  });

  it('is looked at soon when something changed, and once for a burst', async () => {
    const { looker, seen } = rig();
    looker.watchedBy(1);
    await pass(1_000);
    for (let times = 0; times < 10; times += 1) looker.poke();
    await pass(150);
    expect(seen.begun).toBe(2);
    looker.poke();
    await pass(50);
    for (let times = 0; times < 10; times += 1) looker.poke();
    await pass(400);
    expect(seen.begun).toBeLessThanOrEqual(5);
  });

  it('is given time between looks that take long', async () => {
    const { looker, seen } = rig(500);
    looker.watchedBy(1);
    const poking = setInterval(() => looker.poke(), 10);
    await pass(10_000);
    clearInterval(poking);
    expect(seen.begun).toBeLessThanOrEqual(11);
  });
});

describe('a run', () => {
  it('ends a look that is under way, which is made again after it', async () => {
    const { looker, seen } = rig();
    looker.watchedBy(1);
    await pass(5);
    looker.runBegins();
    await pass(10_000);
    expect(seen).toMatchObject({ begun: 1, aborted: 1, ended: 0 });
    looker.runEnds(false);
    await pass(150);
    expect(seen).toMatchObject({ begun: 2, ended: 1 });
  });

  it('that changed nothing is no cause for a look', async () => {
    const { looker, seen } = rig();
    looker.watchedBy(1);
    await pass(1_000);
    looker.runBegins();
    looker.runEnds(false);
    await pass(1_000);
    expect(seen.begun).toBe(1);
    looker.runBegins();
    looker.runEnds(true);
    await pass(200);
    expect(seen.begun).toBe(2);
  });
});
