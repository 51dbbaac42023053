// One run at a time, the first at once, and one more for all that came meanwhile.
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { makeLoop, type Trigger } from '../../lib/run/daemon/loop.js';

const watch = (version: string, atMs = 0): Trigger => ({
  cause: 'watch',
  atMs,
  atLeast: { service: 'web', version },
});

/** Runs that end when the test says so. */
function rig() {
  const begun: Trigger[] = [];
  const ends: (() => void)[] = [];
  const loop = makeLoop((trigger) => {
    begun.push(trigger);
    return new Promise((resolve) => ends.push(resolve));
  });
  const runs = (count: number) => waitFor(() => begun.length >= count, { what: `${count} runs` });
  return { loop, begun, runs, end: () => ends.shift()?.() };
}

describe('the loop', () => {
  it('begins the first at once, and makes one of all that comes while it runs', async () => {
    const { loop, begun, runs, end } = rig();
    loop.push(watch('1', 10));
    expect(begun).toEqual([watch('1', 10)]);
    expect(loop.running).toBe(true);
    for (const version of ['2', '3', '4']) loop.push(watch(version, Number(version)));
    expect(begun).toHaveLength(1);
    end();
    await runs(2);
    // Heard of when the first was, at least as new as the last.
    expect(begun[1]).toEqual(watch('4', 2));
    end();
    await loop.stop();
    expect(begun).toHaveLength(2);
  });

  it('finishes the run that it is in when it is stopped, and begins no other', async () => {
    const { loop, begun, end } = rig();
    loop.push(watch('1'));
    loop.push(watch('2'));
    let stopped = false;
    const stopping = loop.stop().then(() => {
      stopped = true;
    });
    await Promise.resolve();
    expect(stopped).toBe(false);
    end();
    await stopping;
    loop.push(watch('3'));
    expect(begun).toHaveLength(1);
  });

  it('lets no look stand for a run, nor hide what Consul told', async () => {
    const { loop, begun, runs, end } = rig();
    loop.push({ cause: 'start', atMs: 0 });
    loop.push(watch('7', 1));
    loop.push({ cause: 'look', atMs: 2 });
    loop.push({ cause: 'resync', atMs: 3 });
    end();
    await runs(2);
    expect(begun[1]).toEqual(watch('7', 1));
    loop.push({ cause: 'look', atMs: 4 });
    loop.push({ cause: 'resync', atMs: 5 });
    end();
    await runs(3);
    expect(begun[2]).toEqual({ cause: 'resync', atMs: 4 });
    end();
    await loop.stop();
  });
});
