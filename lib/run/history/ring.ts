// The last events in memory: the newest as lines, those before them packed, which takes a tenth.
import { deflateSync, inflateSync } from 'node:zlib';
import type { HistoryEvent } from '../../model/history.js';

/** Events that are packed together. */
const PACKED = 250;

export interface Ring {
  /** Returns when the oldest that is left happened, where some had to go. */
  add(at: string, line: string): string | undefined;
  /** From `since` (ISO) on, the oldest first. */
  since(since: string): HistoryEvent[];
}

interface Pack {
  /** When its first and its last happened. */
  readonly from: string;
  readonly to: string;
  /** Lines, deflated. */
  readonly bytes: Uint8Array;
}

interface Entry {
  readonly at: string;
  readonly line: string;
}

/** Keeps at least `most`, and goes by packs beyond it. */
export function makeRing(most: number): Ring {
  const packs: Pack[] = [];
  let newest: Entry[] = [];
  return {
    add(at, line) {
      newest.push({ at, line });
      if (newest.length >= PACKED) {
        packs.push(packOf(newest));
        newest = [];
      }
      if ((packs.length - 1) * PACKED + newest.length < most) return undefined;
      packs.shift();
      return packs[0]?.from ?? newest[0]?.at;
    },
    since(since) {
      const packed = packs.filter(({ to }) => to >= since).flatMap(linesOf);
      const lines = newest.filter(({ at }) => at >= since).map(({ line }) => line);
      return [...packed, ...lines]
        .map((line) => JSON.parse(line) as HistoryEvent)
        .filter(({ at }) => at >= since);
    },
  };
}

const packOf = (entries: readonly Entry[]): Pack => ({
  from: entries[0]?.at ?? '',
  to: entries.at(-1)?.at ?? '',
  // A copy: what zlib gives holds 16 kB, however few of them it fills.
  bytes: new Uint8Array(deflateSync(entries.map(({ line }) => line).join('\n'))),
});

/** A line of JSON has no line end in it. */
const linesOf = ({ bytes }: Pack): string[] => inflateSync(bytes).toString('utf8').split('\n');
