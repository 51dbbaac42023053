// `iri-lb status --watch`: looks again and again, and marks what is otherwise than a moment ago.
import type { Status } from '../model/status.js';
import { jsonText } from '../model/text.js';
import { clockText } from '../model/when.js';
import type { Live } from './live.js';
import type { Terminal } from './output.js';
import { paintFor } from './screen.js';
import { type StatusView, statusLines } from './status-text.js';
import { watchScreen } from './watch-screen.js';

/** How long something stays marked, in milliseconds, if the looks are closer together. */
const MARKED_MS = 10_000;

/** Prints one look after another until it is stopped; then the exit status is 0. */
export async function watchStatus(
  terminal: Terminal,
  live: Live,
  intervalMs: number,
  look: () => Promise<Status>,
  viewOf: () => StatusView,
): Promise<void> {
  const marks = makeMarks(Math.max(MARKED_MS, intervalMs));
  await watchScreen({
    live,
    screen: terminal.screen,
    intervalMs,
    look: async () => {
      const status = await look();
      marks.next(Date.parse(status.takenAt));
      return status;
    },
    lines: (status) => {
      const view = viewOf();
      const now = Date.parse(status.takenAt);
      const title = `iri-lb status, every ${intervalMs / 1000} s: ${clockText(now, now, view.zone)}`;
      return [
        paintFor(terminal).dim(title),
        ...statusLines(status, { ...view, isNew: marks.isNew }),
        ...(terminal.screen ? [] : ['']),
      ];
    },
  });
  terminal.exit(0);
  live.leave(0);
}

/** One JSON object a line; what fails is told on stderr, and looked at again. */
export async function watchJson(
  terminal: Terminal,
  live: Live,
  intervalMs: number,
  look: () => Promise<Status>,
): Promise<void> {
  await watchScreen({
    live,
    screen: undefined,
    intervalMs,
    look,
    lines: (status) => [jsonText(status)],
    failed: terminal.err,
  });
  terminal.exit(0);
  live.leave(0);
}

/** Remembers how things were, and since when they are otherwise. */
function makeMarks(forMs: number) {
  const known = new Map<string, { readonly as: string; readonly since: number }>();
  let nowMs = 0;
  let isFirst = true;
  let looks = 0;
  return {
    next(atMs: number) {
      isFirst = looks === 0;
      looks += 1;
      nowMs = atMs;
    },
    isNew(thing: string, as: string): boolean {
      const before = known.get(thing);
      // Of the first look nothing is new.
      const since = isFirst ? Number.NEGATIVE_INFINITY : nowMs;
      if (before?.as !== as) known.set(thing, { as, since });
      const changedAt = before?.as === as ? before.since : since;
      return nowMs - changedAt < forMs;
    },
  };
}
