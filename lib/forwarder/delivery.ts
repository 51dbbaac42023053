// Delivers events at least once: folds what comes meanwhile, and tries again until it is delivered.
import type { Clock } from '../model/clock.js';
import { messageOf } from '../model/errors.js';
import { showMs } from '../model/text.js';
import type { WatchEvent } from '../model/watch-event.js';
import type { Invoke } from './invoke.js';

export interface DeliveryOptions {
  readonly invoke: Invoke;
  readonly clock: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly log: (line: string) => void;
}

export interface DeliveryStatus {
  /** When an invocation was last accepted, ISO 8601. */
  readonly lastDelivered: string | null;
  /** Events that are not delivered yet, folded; the one that is on its way is one of them. */
  readonly pending: number;
  /** Attempts that failed since. */
  readonly failures: number;
  readonly lastError: string | null;
}

export interface Delivery {
  push(event: WatchEvent): void;
  status(): DeliveryStatus;
  /** Resolves when nothing is pending. */
  idle(): Promise<void>;
}

/** First and longest pause after a failure, in milliseconds; jitter takes up to half of it away. */
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 10_000;
/**
 * Rest after an invocation, in milliseconds per event that was folded into it, and at most. Lambda takes
 * an event in a few milliseconds, long before it has run: without a rest a burst would become as many
 * runs. A lone event goes out at once, and so does the next one a moment later.
 */
const REST_PER_EVENT_MS = 100;
const LONGEST_REST_MS = 1_000;

/** Services whose events wait, at most; beyond it the first of them waits for a run without shortcut. */
const MAX_WAITING = 256;

interface Waiting {
  readonly event: WatchEvent;
  readonly folded: number;
}

/**
 * One invocation at a time. Of the events of one service that wait, the last to come counts: Consul's
 * index may also go backwards. One without an index (0) waits beside them, since it asks for a run that
 * takes no shortcut.
 */
export function makeDelivery({ invoke, clock, random, log }: DeliveryOptions): Delivery {
  const waiting = new Map<string, Waiting>();
  let lastDelivered: number | undefined;
  let lastError: string | undefined;
  let failures = 0;
  let busy = false;
  let underWay: string | undefined;
  let running: Promise<void> = Promise.resolve();

  const deliver = async (key: string, { event, folded }: Waiting): Promise<number> => {
    waiting.delete(key);
    underWay = key;
    try {
      await invoke(event);
    } catch (error) {
      if (!waiting.has(key)) waiting.set(key, { event, folded });
      failures += 1;
      lastError = messageOf(error);
      const pauseMs = backoff(failures, random());
      log(`forwarder: ${lastError} (attempt ${failures}, again in ${showMs(pauseMs)})`);
      return pauseMs;
    } finally {
      underWay = undefined;
    }
    if (failures > 0) log(`forwarder: delivered after ${failures} failed attempts`);
    failures = 0;
    lastError = undefined;
    lastDelivered = clock.wallMs();
    return Math.min(LONGEST_REST_MS, REST_PER_EVENT_MS * folded);
  };

  const run = async (): Promise<void> => {
    for (;;) {
      const [next] = waiting;
      if (next === undefined) break;
      await clock.sleep(await deliver(...next));
    }
    busy = false;
  };

  /** A run looks at all services, so one event without an index is worth any number of others. */
  const withinBound = (event: WatchEvent): WatchEvent => {
    const [first] = waiting.values();
    if (first === undefined || waiting.size < MAX_WAITING || waiting.has(event.service)) return event;
    return { service: first.event.service, index: '0' };
  };

  return {
    push(pushed) {
      const event = withinBound(pushed);
      const key = event.index === '0' ? `${event.service} look` : event.service;
      waiting.set(key, { event, folded: (waiting.get(key)?.folded ?? 0) + 1 });
      if (busy) return;
      busy = true;
      running = run();
    },
    status: () => ({
      lastDelivered: lastDelivered === undefined ? null : new Date(lastDelivered).toISOString(),
      pending: waiting.size + (underWay === undefined || waiting.has(underWay) ? 0 : 1),
      failures,
      lastError: lastError ?? null,
    }),
    idle: () => running,
  };
}

/** The pause after the nth failure in a row: doubled each time, capped, half of it random. */
export function backoff(failures: number, random: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 20));
  return full * (0.5 + random / 2);
}
