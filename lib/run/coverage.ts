// Tells whether a watch event was dealt with already by this warm environment. Pure but for what it remembers.
import { isDeepStrictEqual } from 'node:util';
import type { CatalogPort, CatalogRead } from '../model/ports.js';
import type { WatchEvent } from '../model/watch-event.js';

/**
 * What the last run of this environment acted on, if it was clean. For the watch function:
 *
 *     const event = parseWatchEvent(input);
 *     if (coverage.mayCover(event)) {
 *       const read = await catalog.readService(event.service);
 *       if (coverage.covers(event, read)) return covered;
 *     }
 *     const run = coverage.begin(catalog);
 *     const report = await reconcile({ catalog: run.catalog, … });
 *     run.finished(failuresOf(report).length === 0);
 */
export interface Coverage {
  /** Whether it is worth asking: a clean run has read the event's index or a later one. Asks nobody. */
  mayCover(event: WatchEvent): boolean;
  /**
   * Whether the last run was clean and acted on this very read. Consul is asked first, always: its index
   * goes backwards when it is restored, and then a low index in an event does not mean an old one. An
   * event with index 0 (the forwarder's start, HAProxy's start) is never covered.
   */
  covers(event: WatchEvent, read: CatalogRead): boolean;
  /** To be called before each run, whose reads go through the catalog returned. */
  begin(catalog: CatalogPort): CoveredRun;
}

export interface CoveredRun {
  readonly catalog: CatalogPort;
  /** `clean`: every load balancer is as desired, nothing failed and nothing was held back. */
  finished(clean: boolean): void;
}

/** Remembers nothing at first; one per environment. */
export function makeCoverage(): Coverage {
  let done: ReadonlyMap<string, CatalogRead> = new Map();
  return {
    mayCover: ({ service, index }) => {
      const last = done.get(service);
      return last !== undefined && index !== '0' && BigInt(index) <= BigInt(last.index);
    },
    covers: (event, read) => {
      const last = done.get(event.service);
      // Behind the event after all, since the wait is bounded: not what the event is about.
      if (last === undefined || event.index === '0' || BigInt(read.index) < BigInt(event.index)) return false;
      // A Consul that lost its data counts from the start, and may pass the same index with other rows.
      return last.index === read.index && isDeepStrictEqual(last.rows, read.rows);
    },
    begin: (catalog) => {
      done = new Map();
      const first = new Map<string, CatalogRead>();
      return {
        catalog: {
          tokenName: catalog.tokenName,
          mayRead: (service) => catalog.mayRead(service),
          readIndex: (service) => catalog.readIndex(service),
          renewToken: () => catalog.renewToken(),
          readService: async (service, options) => {
            const read = await catalog.readService(service, options);
            // The load balancers of a run may act on one read each; all of them act on the first or a later one.
            if (!first.has(service)) first.set(service, read);
            return read;
          },
        },
        finished: (clean) => {
          if (clean) done = first;
        },
      };
    },
  };
}
