// Keeps the process small: it stays for months, and is at rest nearly all of the time.
import v8 from 'node:v8';

/**
 * What a run leaves behind is a few MB, for which V8 by default lets the young generation grow to 48 MB and never
 * gives it back: measured after 600 runs, 102 MB resident without these and 65 MB with them, at the same processor
 * time. Flags that V8 reads as it goes on; who has no such flag any more is as large as before.
 */
export function keepSmall(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  v8.setFlagsFromString('--optimize-for-size');
}
