// How the forwarder folds events, and how it goes on when nobody takes them.
import { describe, expect, test } from 'vitest';
import { backoff, makeDelivery } from '../../lib/forwarder/delivery.js';
import type { WatchEvent } from '../../lib/model/watch-event.js';

const iri = (index: number | string): WatchEvent => ({ service: 'iri', index: String(index) });

/** A clock that jumps to the end of every sleep, and an endpoint that fails while `down` says so. */
function setUp(down: (now: number) => boolean = () => false) {
  let now = 0;
  const sleeps: number[] = [];
  const sent: WatchEvent[] = [];
  const attempts: WatchEvent[] = [];
  const lines: string[] = [];
  let during: (event: WatchEvent) => void = () => {};
  const delivery = makeDelivery({
    clock: {
      wallMs: () => now,
      monotonicMs: () => now,
      sleep: async (ms) => {
        sleeps.push(ms);
        now += ms;
      },
    },
    random: () => 1,
    log: (line) => lines.push(line),
    invoke: async (event) => {
      attempts.push(event);
      during(event);
      await Promise.resolve();
      if (down(now)) throw new Error('nobody there');
      sent.push(event);
    },
  });
  const whileInFlight = (then: (event: WatchEvent) => void): void => {
    during = then;
  };
  return { delivery, sent, attempts, sleeps, lines, whileInFlight, now: () => now };
}

describe('delivery', () => {
  test('a lone event goes out at once', async () => {
    const { delivery, sent, sleeps } = setUp();
    delivery.push(iri(7));
    expect(sent).toEqual([]);
    await delivery.idle();
    expect(sent).toEqual([iri(7)]);
    expect(sleeps).toEqual([100]);
  });

  test('a thousand events while one is in flight become one more, which is the last of them', async () => {
    const { delivery, sent, whileInFlight } = setUp();
    whileInFlight(({ index }) => {
      if (index === '1') for (let i = 2; i <= 1001; i += 1) delivery.push(iri(i));
    });
    delivery.push(iri(1));
    await delivery.idle();
    expect(sent).toEqual([iri(1), iri(1001)]);
  });

  test('the events of ever more services are one that looks at all', async () => {
    const { delivery, sent, whileInFlight } = setUp();
    const count = 10_000;
    whileInFlight(({ index }) => {
      if (index !== '1') return;
      for (let i = 2; i <= count; i += 1) delivery.push({ service: `s${i}`, index: String(i) });
      expect(delivery.status().pending).toBeLessThan(300);
    });
    delivery.push(iri(1));
    await delivery.idle();
    expect(sent.length).toBeLessThan(300);
    expect(sent).toContainEqual({ service: 's2', index: '0' });
  });

  test('an event that is on its way is pending, until it is delivered', async () => {
    const { delivery, whileInFlight } = setUp();
    const seen: number[] = [];
    whileInFlight(() => {
      seen.push(delivery.status().pending);
      if (seen.length === 1) delivery.push(iri(2));
      seen.push(delivery.status().pending);
    });
    delivery.push(iri(1));
    await delivery.idle();
    expect(seen).toEqual([1, 1, 1, 1]);
    expect(delivery.status().pending).toBe(0);
  });

  test('after a burst it rests for a second, after a lone event for a tenth', async () => {
    const { delivery, sleeps, whileInFlight } = setUp();
    whileInFlight(({ index }) => {
      if (index === '1') for (let i = 2; i <= 50; i += 1) delivery.push(iri(i));
    });
    delivery.push(iri(1));
    await delivery.idle();
    expect(sleeps).toEqual([100, 1000]);
  });

  test('an index that goes backwards counts: Consul was restored', async () => {
    const { delivery, sent, whileInFlight } = setUp();
    whileInFlight(({ index }) => {
      if (index === '900') for (const next of [901, 12]) delivery.push(iri(next));
    });
    delivery.push(iri(900));
    await delivery.idle();
    expect(sent).toEqual([iri(900), iri(12)]);
  });

  test('an event without an index is not folded into one that may be answered as covered', async () => {
    const { delivery, sent, whileInFlight } = setUp();
    whileInFlight(({ index }) => {
      if (index === '1') for (const next of [0, 5, 0, 6]) delivery.push(iri(next));
    });
    delivery.push(iri(1));
    await delivery.idle();
    expect(sent).toEqual([iri(1), iri(0), iri(6)]);
  });

  test('events of other services are delivered too', async () => {
    const { delivery, sent } = setUp();
    delivery.push(iri(1));
    delivery.push({ service: 'hornet', index: '2' });
    delivery.push({ service: 'hornet', index: '3' });
    await delivery.idle();
    expect(sent).toEqual([iri(1), { service: 'hornet', index: '3' }]);
  });

  test('across an outage of ten minutes it keeps trying, never more than ten seconds apart, and delivers the latest', async () => {
    const { delivery, sent, attempts, sleeps, now } = setUp((at) => at < 600_000);
    delivery.push(iri(1));
    delivery.push(iri(2));
    await delivery.idle();
    expect(sent).toEqual([iri(2)]);
    expect(Math.max(...sleeps)).toBe(10_000);
    expect(now()).toBeLessThan(611_000);
    expect(attempts.length).toBeLessThan(70);
    expect(delivery.status()).toMatchObject({ pending: 0, failures: 0, lastError: null });
  });

  test('an event that comes during an outage replaces the one that failed', async () => {
    const { delivery, sent, attempts, whileInFlight } = setUp((at) => at < 2_000);
    whileInFlight(() => {
      if (attempts.length === 2) delivery.push(iri(99));
    });
    delivery.push(iri(1));
    await delivery.idle();
    expect(sent).toEqual([iri(99)]);
  });

  test('the status says what waits, since how many attempts, and why', async () => {
    const { delivery, lines } = setUp((at) => at < 400);
    expect(delivery.status()).toEqual({ lastDelivered: null, pending: 0, failures: 0, lastError: null });
    delivery.push(iri(1));
    await delivery.idle();
    expect(delivery.status().lastDelivered).toBe('1970-01-01T00:00:00.500Z');
    expect(lines).toEqual([
      'forwarder: nobody there (attempt 1, again in 500 ms)',
      'forwarder: delivered after 1 failed attempts',
    ]);
  });
});

describe('backoff', () => {
  test('doubles from half a second to ten seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 1000].map((n) => backoff(n, 1))).toEqual([
      500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });
  test('jitter takes up to half of it away', () => {
    expect(backoff(6, 0)).toBe(5_000);
    expect(backoff(6, 0.5)).toBe(7_500);
  });
});
