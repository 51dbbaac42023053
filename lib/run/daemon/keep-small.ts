// Keeps the process small and its runs short: it stays for months, and is at rest nearly all of the time.
import v8 from 'node:v8';
import vm from 'node:vm';

/** Of the young generation, in bytes: a run of 20 instances makes 1 MB, and half of it is for what survives. */
const YOUNG_BYTES = 4 * 1_048_576;

/**
 * Gives what is to be called after each run. It collects what the run has left behind, which otherwise would be done in
 * the middle of a later one, while somebody waits (half a millisecond). And it holds the young generation at 4 MB: V8 lets
 * it grow to 48, or shrinks it so far that every run meets a collection. Where V8 does not know these flags any more, it
 * says so on stderr, and the process is as large and as fast as without.
 */
export function keepSmall(): () => void {
  v8.setFlagsFromString('--optimize-for-size');
  const collectYoung = youngCollector();
  let grows = true;
  return () => {
    collectYoung();
    const mayGrow = youngBytes() < YOUNG_BYTES;
    if (mayGrow !== grows) v8.setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
    grows = mayGrow;
  };
}

/** V8's own, which it hands only to who asks for it when a context is made. */
function youngCollector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const collect: unknown = vm.runInNewContext('globalThis.gc');
  return typeof collect === 'function' ? () => collect({ type: 'minor' }) : () => {};
}

function youngBytes(): number {
  return v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
