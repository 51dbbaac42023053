// Keeps the process small and its runs short: it stays for months, and is at rest nearly all of the time.
import v8 from 'node:v8';
import vm from 'node:vm';

const MB = 1_048_576;
/** Of the young generation, in bytes: a run of 20 instances makes 1 MB, and half of it is for what survives. */
const YOUNG_BYTES = 4 * MB;
/** The heap may grow by so much before all of it is collected: in bytes, and as a share of what was left. */
const GROWTH_BYTES = 2 * MB;
const GROWTH_SHARE = 0.25;
/** A larger one, as of tens of thousands of servers, is left to V8, which stops for it piece by piece. */
const MOST_BYTES = 64 * MB;

/** V8's collections, each done when it returns. */
interface Collect {
  /** The young generation: below a millisecond for a run of 20 instances. */
  young(): void;
  /** All of the heap: some 10 ms for 11 MB, 40 ms for 60. */
  all(): void;
}

/**
 * Gives what is to be called after each run. It collects what the run has left behind, which otherwise would be done in
 * the middle of a later one, while somebody waits (half a millisecond). What survives that V8 leaves alone until the heap
 * has nearly doubled; this collects it sooner. And it holds the young generation at 4 MB: V8 lets it grow to 48, or shrinks
 * it so far that every run meets a collection. Where V8 does not know these flags any more, it says so on stderr, and the
 * process is as large and as fast as without.
 */
export function keepSmall(): () => void {
  v8.setFlagsFromString('--optimize-for-size');
  const collect = collector();
  let limit = 0;
  let grows = true;
  return () => {
    collect.young();
    const used = usedBytes();
    if (used > limit && used < MOST_BYTES) {
      collect.all();
      const left = usedBytes();
      limit = left + Math.max(GROWTH_BYTES, left * GROWTH_SHARE);
    }
    const mayGrow = youngBytes() < YOUNG_BYTES;
    if (mayGrow !== grows) v8.setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
    grows = mayGrow;
  };
}

/** V8's own, which it hands only to who asks for it when a context is made. */
function collector(): Collect {
  v8.setFlagsFromString('--expose-gc');
  const collect: unknown = vm.runInNewContext('globalThis.gc');
  if (typeof collect !== 'function') return { young: () => {}, all: () => {} };
  return { young: () => collect({ type: 'minor' }), all: () => collect() };
}

const usedBytes = (): number => v8.getHeapStatistics().used_heap_size;

function youngBytes(): number {
  return v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
