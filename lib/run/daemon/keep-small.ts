// Keeps the process small: it stays for months, and is at rest nearly all of the time.
import v8 from 'node:v8';

/** Of the young generation, in bytes: a run of 20 instances makes 1 MB, so that few of these meet a collection. */
const YOUNG_BYTES = 4 * 1_048_576;

/**
 * What a run leaves behind is a few MB, for which V8 by default lets the young generation grow to 48 MB and never
 * gives it back: where runs are small, it is ended at 4 MB. Flags that V8 reads as it goes on; who has no such flag any more is as large as before. Gives what
 * is to be called after each run: it ends the growth.
 */
export function keepSmall(): () => void {
  v8.setFlagsFromString('--optimize-for-size');
  let isGrown = false;
  return () => {
    if (isGrown || youngBytes() < YOUNG_BYTES) return;
    isGrown = true;
    v8.setFlagsFromString('--semi-space-growth-factor=1');
  };
}

function youngBytes(): number {
  return v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
