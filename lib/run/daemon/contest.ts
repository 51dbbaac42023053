// Finds out that somebody else sets back what this process wrote: two of ours that want different things, or a script.
import type { MadeChange } from '../../model/change.js';
import type { Problem } from '../../model/problem.js';
import type { Report } from '../../model/report.js';
import type { ServerSettings } from '../../model/server.js';

type Field = keyof ServerSettings;
const FIELDS: readonly Field[] = ['address', 'port', 'weight', 'maxconn', 'state'];

/** Writes older than this say nothing, in milliseconds. */
const MEMORY_MS = 10 * 60_000;
/** So often it may be an accident. */
const UNDONE = 2;

/** One field of one server, fought about. */
export interface Contested {
  readonly loadBalancer: string;
  readonly backend: string;
  readonly slot: string;
  readonly field: Field;
  readonly ours: string;
  readonly theirs: string;
  /** Milliseconds, by a clock that never jumps: when it was undone for the first time. */
  readonly sinceMs: number;
}

interface Written {
  readonly pid: number | undefined;
  readonly value: ServerSettings[Field];
  readonly atMs: number;
  /** When it was found undone, and to what. */
  readonly undone: readonly { readonly atMs: number; readonly theirs: ServerSettings[Field] }[];
}

export interface Contest {
  /** Takes note of what a run wrote; `pidOf` gives the process at an address: what a restart undid nobody contests. */
  note(report: Report, pidOf: (address: string) => number | undefined): void;
  /** What was undone at least twice in the last ten minutes. */
  found(): readonly Contested[];
}

/** `now` is in milliseconds and never jumps. */
export function makeContest(now: () => number): Contest {
  const written = new Map<string, Written>();
  const keyOf = (parts: readonly string[]): string => JSON.stringify(parts);
  const forget = (): void => {
    const oldest = now() - MEMORY_MS;
    for (const [key, entry] of written) {
      const undone = entry.undone.filter(({ atMs }) => atMs >= oldest);
      if (entry.atMs < oldest) written.delete(key);
      else if (undone.length < entry.undone.length) written.set(key, { ...entry, undone });
    }
  };
  const noteField = (
    key: string,
    { before, after }: MadeChange,
    field: Field,
    pid: number | undefined,
  ): void => {
    const earlier = written.get(key);
    const isOurs = earlier !== undefined && earlier.pid === pid;
    const isUndone = isOurs && earlier.value === after[field] && before[field] !== after[field];
    // What nobody wrote yet, and does not differ, is nobody's.
    if (before[field] === after[field]) return;
    const atMs = now();
    const undone = isUndone ? [...earlier.undone, { atMs, theirs: before[field] }] : [];
    written.set(key, { pid, value: after[field], atMs, undone });
  };

  return {
    note(report, pidOf) {
      forget();
      for (const { address, changes } of report.loadBalancers)
        for (const change of changes) {
          if (change.result !== 'done') continue;
          for (const field of FIELDS)
            noteField(keyOf([address, change.backend, change.slot, field]), change, field, pidOf(address));
        }
    },
    found() {
      forget();
      return [...written].flatMap(([key, { value, undone }]): Contested[] => {
        const [first] = undone;
        const last = undone.at(-1);
        if (!first || !last || undone.length < UNDONE) return [];
        const [loadBalancer, backend, slot, field] = JSON.parse(key) as [string, string, string, Field];
        const [ours, theirs] = [String(value), String(last.theirs)];
        return [{ loadBalancer, backend, slot, field, ours, theirs, sinceMs: first.atMs }];
      });
    },
  };
}

/** As a report has it. */
export const contestedProblem = ({ backend, slot, field, ours, theirs }: Contested): Problem => ({
  code: 'contested',
  backend,
  slot,
  field,
  ours,
  theirs,
});
