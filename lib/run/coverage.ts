// Tells whether a watch event was dealt with already by this warm environment. Pure but for what it remembers.
import { isDeepStrictEqual } from 'node:util';
import type { ServiceListing, Source } from '../model/source.js';
import type { WatchEvent } from '../model/watch-event.js';

/**
 * What the last run of this environment acted on, if it was clean. For the watch function:
 *
 *     const event = parseWatchEvent(input);
 *     if (event && coverage.mayCover(event)) {
 *       const { catalog } = await source.read([event.service]);
 *       if (coverage.covers(event, catalog.services[0])) return covered;
 *     }
 *     const run = coverage.begin(source);
 *     const report = await reconcile({ source: run.source, … });
 *     run.finished(failuresOf(report).length === 0);
 */
export interface Coverage {
  /** Whether it is worth asking: a clean run has read the event's version or a later one. Asks nobody. */
  mayCover(event: WatchEvent): boolean;
  /**
   * Whether the last run was clean and acted on these very instances. Consul is asked first, always: its
   * index goes backwards when it is restored, and then a low index in an event does not mean an old one. An
   * event with index 0 (the forwarder's start, HAProxy's start) is never covered.
   */
  covers(event: WatchEvent, listing: ServiceListing | undefined): boolean;
  /** To be called before each run, whose reads go through the source returned. */
  begin(source: Source): CoveredRun;
}

export interface CoveredRun {
  readonly source: Source;
  /** `clean`: every load balancer is as desired, nothing failed and nothing was held back. */
  finished(clean: boolean): void;
}

/** Remembers nothing at first; one per environment. */
export function makeCoverage(): Coverage {
  let done: ReadonlyMap<string, ServiceListing> = new Map();
  return {
    mayCover: ({ service, index }) => {
      const last = done.get(service);
      return last !== undefined && index !== '0' && BigInt(index) <= BigInt(last.version);
    },
    covers: ({ service, index }, listing) => {
      const last = done.get(service);
      if (last === undefined || listing === undefined || index === '0') return false;
      // Behind the event after all, since the wait is bounded: not what the event is about.
      if (BigInt(listing.version) < BigInt(index)) return false;
      // A Consul that lost its data counts from the start, and may pass the same index with other instances.
      return last.version === listing.version && isDeepStrictEqual(last.instances, listing.instances);
    },
    begin: (source) => {
      done = new Map();
      const first = new Map<string, ServiceListing>();
      return {
        source: {
          read: async (services, atLeast) => {
            const reading = await source.read(services, atLeast);
            // The load balancers of a run may act on one read each; all of them act on the first or a later one.
            for (const listing of reading.catalog.services)
              if (!first.has(listing.service)) first.set(listing.service, listing);
            return reading;
          },
        },
        finished: (clean) => {
          if (clean) done = first;
        },
      };
    },
  };
}
