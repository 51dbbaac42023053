// Tells whether a watch event was dealt with already by this warm environment. Pure but for what it remembers.
import { isDeepStrictEqual } from 'node:util';
import type { CatalogPort, CatalogRead } from './reconcile/ports.js';
import type { WatchEvent } from './watch-event.js';

/**
 * What the last clean run of each service read. For the watch function:
 *
 *     const event = parseWatchEvent(input);
 *     const read = await catalog.readService(event.service, { minIndex: event.index });
 *     if (coverage.covers(event, read)) return covered;
 *     const report = await reconcile({ catalog: replayOnce(catalog, event.service, read), … });
 *     coverage.finished(event.service, read, isClean(report));
 *
 * With `minIndex` Consul answers at once, or waits until it is there: one read serves both.
 */
export interface Coverage {
  /**
   * Whether a clean run that has finished acted on this very read. Consul is asked first, always: its
   * index goes backwards when it is restored, and then a low index in an event does not mean an old one.
   * An event with index 0 (the forwarder's start, HAProxy's start) is never covered.
   */
  covers(event: WatchEvent, read: CatalogRead): boolean;
  /** To be called after each run. `clean`: every load balancer is as desired, nothing failed or was held back. */
  finished(service: string, read: CatalogRead, clean: boolean): void;
}

/** Remembers nothing at first; one per environment. */
export function makeCoverage(): Coverage {
  const done = new Map<string, CatalogRead>();
  return {
    covers: (event, read) => {
      const last = done.get(event.service);
      // Older than the event after all (the wait is bounded): somebody else's answer, not worth a shortcut.
      if (last === undefined || event.index === '0' || BigInt(read.index) < BigInt(event.index)) return false;
      // A Consul that lost its data counts from the start, and may pass the same index with other rows.
      return last.index === read.index && isDeepStrictEqual(last.rows, read.rows);
    },
    finished: (service, read, clean) => {
      if (clean) done.set(service, read);
      else done.delete(service);
    },
  };
}

/** The same catalog, but its first plain read of `service` is answered with `read`, which was just made. */
export function replayOnce(catalog: CatalogPort, service: string, read: CatalogRead): CatalogPort {
  let unused = true;
  return {
    mayRead: (name) => catalog.mayRead(name),
    readService: (name, options = {}) => {
      if (!unused || name !== service || options.consistent) return catalog.readService(name, options);
      unused = false;
      return Promise.resolve(read);
    },
  };
}
