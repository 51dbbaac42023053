// What the catalog said and when HAProxy was made so, to judge by whom a request may be answered.
import type { Answered } from './traffic-load.js';

/** A state of the catalog: from just before it was written to Consul until its run has ended. */
interface Epoch {
  readonly begun: number;
  applied: number;
  readonly serving: ReadonlySet<string>;
}

export interface History {
  /** `serving`: the names of the nodes that pass from here on. Returns what to call once it is applied. */
  begin(serving: Iterable<string>): () => void;
  /** The names of nodes by which a request with this lifetime may be answered. */
  allowed(request: Pick<Answered, 'from' | 'to'>): ReadonlySet<string>;
  /** Whether a change was being made while the request ran. */
  overlaps(request: Pick<Answered, 'from' | 'to'>): boolean;
}

/**
 * HAProxy chose the node at some moment of the request's life. Then it held the last state whose run had
 * ended before the request began, or one that came after it and was begun before the request ended.
 */
export function makeHistory(now: () => number = () => performance.now()): History {
  const epochs: Epoch[] = [];
  const during = ({ from, to }: Pick<Answered, 'from' | 'to'>): Epoch[] => {
    const first = epochs.findLastIndex(({ applied }) => applied <= from);
    return epochs.slice(Math.max(first, 0)).filter(({ begun }) => begun <= to);
  };
  return {
    begin: (serving) => {
      const epoch: Epoch = { begun: now(), applied: Number.POSITIVE_INFINITY, serving: new Set(serving) };
      epochs.push(epoch);
      return () => {
        epoch.applied = now();
      };
    },
    allowed: (request) => new Set(during(request).flatMap(({ serving }) => [...serving])),
    overlaps: (request) => during(request).length > 1,
  };
}
