// What the server and the page in the browser tell each other: everything that is shown. Types only.
import type { HistoryEvent } from '../../model/history.js';
import type { SlotWord } from '../../model/status.js';

/** Of one slot on one load balancer. `free`: nobody has it. */
export type CellWord = SlotWord | 'free';

/** As the page gets them: word, `address:port`, instance, weight, maxconn, and what the next run does with it. */
export type Cell =
  | 0
  | readonly [
      word: CellWord,
      at: string,
      instance: string | null,
      weight: number,
      maxconn: number,
      pending: string,
    ];

/** One slot on all load balancers: the same on each that was read; or one by one, null where it is not known. */
export type SlotCells = Cell | { readonly each: readonly (Cell | null)[] };

export interface ShownPool {
  readonly backend: string;
  readonly service: string;
  /** Whom Consul has for it; null: not known. */
  readonly wanted: number | null;
  /** In the order of the load balancers; null: not known. */
  readonly counts: readonly (ShownCounts | null)[];
  /** Slots that are not the same on all that were read. */
  readonly differing: number;
}

export interface ShownCounts {
  readonly slots: number;
  readonly serving: number;
  readonly down: number;
  readonly weightless: number;
  readonly drain: number;
  /** Kept for instances that are not well. */
  readonly maintenance: number;
  readonly free: number;
  readonly unplaced: number;
}

export interface ShownBalancer {
  readonly address: string;
  /** Short, and its own in the fleet. */
  readonly name: string;
  readonly state: 'read' | 'busy' | 'down';
  readonly error: string | null;
  /** HAProxy's version. */
  readonly version: string | null;
  /** When what is shown of it was read, in milliseconds since the epoch; null: never. Set where that is not now. */
  readonly asOfMs: number | null;
}

export interface ShownFinding {
  readonly level: 'failed' | 'look' | 'note';
  readonly text: string;
  readonly next: string;
  /** Short names of load balancers. */
  readonly on: readonly string[];
  /** What to ask `why` for. */
  readonly about: string | null;
}

export interface ShownPending {
  readonly action: string;
  readonly backend: string;
  readonly slot: string;
  readonly instance: string | null;
  readonly reason: string;
  readonly on: readonly string[];
}

/** Who keeps the fleet, as far as anybody tells. Times are milliseconds since the epoch. */
export interface ShownRuns {
  /** In words: `iri-lb run here`; null: nobody tells. */
  readonly by: string | null;
  readonly lastSuccessMs: number | null;
  readonly paused: { readonly sinceMs: number; readonly reason: string } | null;
  readonly failing: { readonly sinceMs: number; readonly errors: readonly string[] } | null;
}

/** All but the slots; some kilobytes, sent whole when anything in it is another. */
export interface ShownHead {
  readonly build: string;
  readonly fingerprint: string;
  readonly consul: {
    readonly index: string | null;
    readonly instances: number | null;
    readonly error: string | null;
    /** When what is shown of it was read; set where that is not now. */
    readonly asOfMs: number | null;
  };
  readonly runs: ShownRuns;
  readonly balancers: readonly ShownBalancer[];
  readonly pools: readonly ShownPool[];
  readonly findings: readonly ShownFinding[];
  /** Findings that were left out. */
  readonly moreFindings: number;
  /** Null: not known. */
  readonly pending: number | null;
  readonly changes: readonly ShownPending[];
  /** Instances that no slot of any pool has, so that search finds them: instance, address, health. */
  readonly unslotted: readonly (readonly [instance: string, at: string, health: string])[];
  /** Why nothing could be looked at; null: it could. */
  readonly lookError: string | null;
}

/** Slots of a pool, in the order of the load balancer that was read first. */
export interface ShownSlots {
  readonly backend: string;
  readonly names: readonly string[];
  readonly cells: readonly SlotCells[];
}

/** Runs of ten seconds: the longest of each. */
export interface PlotPoint {
  /** When the ten seconds began, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly runs: number;
  readonly changes: number;
  readonly failed: number;
  /** The longest, in milliseconds; null: not known. */
  readonly runMs: number | null;
  readonly lagMs: number | null;
}

/** Where the stream of changes comes from, and since when it is all. */
export interface ShownCover {
  readonly source: string;
  readonly sinceMs: number | null;
}

/** What is said once, and again to a browser that could not keep up. */
export interface FullMessage {
  readonly seq: number;
  /** When the look began; null: none has ended yet. */
  readonly atMs: number | null;
  readonly nowMs: number;
  readonly head: ShownHead | null;
  readonly slots: readonly ShownSlots[];
  readonly events: readonly HistoryEvent[];
  readonly plot: readonly PlotPoint[];
  readonly cover: ShownCover;
  readonly load: readonly ShownLoad[];
}

/** Sessions, queued, and new sessions a second of a load balancer's pools; null: not known. */
export type ShownLoad = readonly [running: number, queued: number, rate: number] | null;

/** What is another since the message before. */
export interface PatchMessage {
  readonly seq: number;
  readonly atMs: number | null;
  readonly nowMs: number;
  readonly head?: ShownHead;
  /** By the number of the pool: numbers of slots and what they are now. */
  readonly cells?: Readonly<Record<number, readonly (readonly [slot: number, cells: SlotCells])[]>>;
  readonly load?: readonly ShownLoad[];
}

/** Something happened; the stream and the plot go on. */
export interface EventMessage {
  readonly events: readonly HistoryEvent[];
  readonly plot: readonly PlotPoint[];
}
