// Consul's answer is kept while it is known to hold, and no longer.
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../lib/model/source.js';
import { keepReading } from '../../lib/serve/page/kept-reading.js';

function rig() {
  const state = { reads: 0, isWatched: true, nowMs: 0, fails: false };
  const kept = keepReading(
    {
      read: async () => {
        state.reads += 1;
        if (state.fails) throw new Error('down');
        return { number: state.reads } as unknown as Reading;
      },
    },
    () => state.isWatched,
    () => state.nowMs,
  );
  return { state, kept };
}

describe('what Consul said', () => {
  it('is kept while changes are heard of', async () => {
    const { state, kept } = rig();
    expect(await kept.read(['iri'])).toBe(await kept.read(['iri']));
    expect(state.reads).toBe(1);
    await kept.read(['iri', 'web']);
    expect(state.reads).toBe(2);
  });

  it('is read again once something changed, nobody listens, or a minute has passed', async () => {
    const { state, kept } = rig();
    await kept.read(['iri']);
    kept.forget();
    await kept.read(['iri']);
    expect(state.reads).toBe(2);
    state.isWatched = false;
    await kept.read(['iri']);
    await kept.read(['iri']);
    expect(state.reads).toBe(4);
    state.isWatched = true;
    state.nowMs += 60_000;
    await kept.read(['iri']);
    expect(state.reads).toBe(5);
  });

  it('is not kept where it could not be read', async () => {
    const { state, kept } = rig();
    state.fails = true;
    await expect(kept.read(['iri'])).rejects.toThrow('down');
    state.fails = false;
    expect(await kept.read(['iri'])).toEqual({ number: 2 });
  });
});
