// Consul's answer, kept while a blocking query says that it still is its answer: megabytes are not read every 5 s.
import type { Reading, Source } from '../../model/source.js';

export interface KeptReading extends Source {
  /** The next read asks Consul. */
  forget(): void;
}

/** However sure it is, it is read anew after so long, in milliseconds: checks say new words without an event. */
const LONGEST_MS = 60_000;

/** `isWatched`: whether what changes is heard of. `now`: milliseconds, by a clock that never jumps. */
export function keepReading(source: Source, isWatched: () => boolean, now: () => number): KeptReading {
  let kept: { readonly reading: Promise<Reading>; readonly atMs: number; readonly key: string } | undefined;
  return {
    forget: () => {
      kept = undefined;
    },
    read(services, atLeast) {
      const key = services.join();
      if (kept && atLeast === undefined && kept.key === key && isWatched() && now() - kept.atMs < LONGEST_MS)
        return kept.reading;
      const reading = source.read(services, atLeast);
      const mine = { reading, atMs: now(), key };
      kept = mine;
      reading.catch(() => {
        if (kept === mine) kept = undefined;
      });
      return reading;
    },
  };
}
