// The report of a run: what every function returns and every command prints with --json. Pure.

export type Action = 'add' | 'update' | 'enable' | 'disable' | 'remove';
export type Outcome = 'unchanged' | 'changed' | 'planned' | 'guarded' | 'failed';

/** What a slot holds, before or after a change. */
export interface SlotView {
  readonly address: string | null;
  readonly port: number;
  readonly weight: number;
  readonly maxconn: number;
  readonly state: 'ready' | 'drain' | 'maintenance';
}

export interface ReportedChange {
  readonly backend: string;
  readonly slot: string;
  /** `node/service-id` of the instance served, the first by that order; null where nobody is. */
  readonly instance: string | null;
  readonly action: Action;
  readonly before: SlotView;
  readonly after: SlotView;
  readonly reason: string;
}

/** The slots of one `server-template`; an instance fits only into the range of its way of connecting. */
export interface RangeReport {
  readonly prefix: string;
  readonly slots: number;
  /** Slots that nobody has. */
  readonly free: number;
}

export interface PoolReport {
  readonly backend: string;
  /** Of all ranges together, as `free`. */
  readonly slots: number;
  readonly free: number;
  readonly ranges: readonly RangeReport[];
  readonly ready: number;
  readonly maintenance: number;
  /** Slots in the operator's DRAIN, left alone. */
  readonly held: number;
  readonly heldSlots: readonly { readonly slot: string; readonly instance: string | null }[];
  /** Instances left out for want of a slot. */
  readonly unplaced: readonly { readonly instance: string; readonly reason: string }[];
}

export interface LoadBalancerReport {
  readonly address: string;
  readonly outcome: Outcome;
  readonly changes: readonly ReportedChange[];
  readonly pools: readonly PoolReport[];
  readonly warnings: readonly string[];
  readonly error?: string;
}

export interface Report {
  readonly version: 1;
  /** Set on the answer to an event that an earlier run has dealt with; nothing was read or written. */
  readonly covered?: true;
  readonly consul: {
    readonly index: string;
    readonly instances: number;
    readonly warnings: readonly string[];
    /** Why there may be load balancers that this run did not serve. */
    readonly error?: string;
  };
  readonly loadBalancers: readonly LoadBalancerReport[];
  readonly durationMs: number;
}

/** What went wrong in a run, one line each, the same line once; empty when all is well. */
export function failuresOf(report: Report): string[] {
  return [...new Set([report.consul, ...report.loadBalancers].flatMap(({ error }) => error ?? []))];
}
