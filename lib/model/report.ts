// The report of a run: what every function returns and every command prints with --json. Pure.
import type { MadeChange } from './change.js';
import type { ReportedProblem } from './problem.js';

export type Outcome = 'unchanged' | 'changed' | 'planned' | 'guarded' | 'failed';

/** The slots of one `server-template`; an instance fits only into the range of its way of connecting. */
export interface RangeReport {
  readonly prefix: string;
  readonly slots: number;
  /** Slots that nobody has. */
  readonly free: number;
  /** Slots kept for instances that are critical or in maintenance; a healthy one gets theirs where none is free. */
  readonly kept?: number;
}

export interface PoolReport {
  readonly backend: string;
  /** Of all ranges together, as `free`. */
  readonly slots: number;
  readonly free: number;
  readonly ranges: readonly RangeReport[];
  readonly ready: number;
  /** Of these: HAProxy does not have it DOWN, and its weight is above 0. */
  readonly serving: number;
  readonly maintenance: number;
  /** Slots in DRAIN, left alone. */
  readonly held: number;
  readonly heldSlots: readonly { readonly slot: string; readonly instance: string | null }[];
  /** Instances left out for want of a slot. */
  readonly unplaced: readonly { readonly instance: string; readonly reason: string }[];
}

export interface LoadBalancerReport {
  readonly address: string;
  readonly outcome: Outcome;
  readonly changes: readonly MadeChange[];
  readonly pools: readonly PoolReport[];
  /** The sentences of those problems that fail nothing. */
  readonly warnings: readonly string[];
  readonly problems: readonly ReportedProblem[];
  /** The sentences of those that fail the run. */
  readonly error?: string;
}

export interface Report {
  readonly version: 1;
  /** Which build made it, and by which configuration (`fingerprintOf`): several do no harm where both are equal. */
  readonly build?: string;
  readonly configuration?: string;
  /** Set on the answer to an event that an earlier run has dealt with; nothing was read or written. */
  readonly covered?: true;
  readonly consul: {
    readonly index: string;
    readonly instances: number;
    readonly warnings: readonly string[];
    /** Why there may be load balancers that this run did not serve. */
    readonly error?: string;
  };
  /** What is wrong for all load balancers: with what was read of Consul, and with the list of them. */
  readonly problems: readonly ReportedProblem[];
  readonly loadBalancers: readonly LoadBalancerReport[];
  /** Milliseconds. */
  readonly durationMs: number;
  /** Entries that were left out of a function's answer, because it was larger than Lambda takes. */
  readonly cut?: Readonly<Record<'changes' | 'warnings' | 'problems' | 'unplaced', number>>;
}

/** What went wrong in a run, one line each, the same line once; empty when all is well. */
export function failuresOf(report: Report): string[] {
  return [...new Set([report.consul, ...report.loadBalancers].flatMap(({ error }) => error ?? []))];
}
