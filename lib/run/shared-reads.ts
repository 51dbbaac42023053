// Shares reads of Consul among load balancers, so that none plans on a read older than its lock.
import type { Clock } from '../model/clock.js';

/** There where this is a function's bundle: these only run, and what looks is left out of them. */
declare const IRI_LB_FUNCTION: true | undefined;

/** How long a read waits for load balancers that are still connecting, in milliseconds. */
const GATHER_MS = 50;
/** Who writes nothing shares a read that began this long ago at most, in milliseconds. */
const LOOK_MS = 500;

export interface SharedReads<T> {
  /** Tells that a load balancer started or stopped (connected, failed) waiting for its socket. */
  waiting(delta: 1 | -1): void;
  /** A read that begins after this call; whoever asks before it begins shares it. With `forLook` see `LOOK_MS`. */
  fresh(): Promise<T>;
  /** The same for the first read of a load balancer, which may be one that was begun at once. */
  first(): Promise<T>;
}

export interface ShareOptions {
  /** Nobody writes, so that a read may be a little older, and is not begun for each. */
  readonly forLook?: boolean | undefined;
  /** A read begins at once, for all whose first one is asked for while this holds: no other run has written since. */
  readonly atOnce?: (() => boolean) | undefined;
}

/**
 * A run that held an old read while another run wrote a newer state would undo it. So a read begins
 * only after the lock is held; load balancers that get theirs at about the same time share one.
 */
export function shareReads<T>(
  read: () => Promise<T>,
  clock: Clock,
  { forLook = false, atOnce }: ShareOptions = {},
): SharedReads<T> {
  if (typeof IRI_LB_FUNCTION === 'undefined' && forLook) return shareYoung(read, clock);
  const begun = atOnce && read();
  begun?.catch(() => {});
  let connecting = 0;
  let next: Promise<T> | undefined;
  let allConnected: (() => void) | undefined;
  const gather = async (): Promise<T> => {
    // `next` is set once this has waited: a read that has begun is nobody's who asks from then on.
    await Promise.resolve();
    if (connecting > 0) {
      await Promise.race([
        clock.sleep(GATHER_MS),
        new Promise<void>((resolve) => {
          allConnected = resolve;
        }),
      ]);
    }
    next = undefined;
    return read();
  };
  const fresh = (): Promise<T> => {
    next ??= gather();
    return next;
  };
  return {
    waiting(delta) {
      connecting += delta;
      if (connecting === 0) allConnected?.();
    },
    fresh,
    first: () => (begun && atOnce?.() ? begun : fresh()),
  };
}

function shareYoung<T>(read: () => Promise<T>, clock: Clock): SharedReads<T> {
  let last: { readonly read: Promise<T>; readonly atMs: number } | undefined;
  const fresh = (): Promise<T> => {
    const atMs = clock.monotonicMs();
    if (last && atMs - last.atMs <= LOOK_MS) return last.read;
    const begun = { read: read(), atMs };
    last = begun;
    begun.read.catch(() => {
      if (last === begun) last = undefined;
    });
    return begun.read;
  };
  return { waiting: () => {}, fresh, first: fresh };
}
