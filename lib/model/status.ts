// What `iri-lb status --json` prints: every load balancer, slot by slot, what is pending and what needs a look. Pure.
import { printHostPort } from './address.js';
import type { Action } from './change.js';
import type { Health } from './instance.js';
import { type CheckDetail, isServing, type ServerDetail, type ServerSettings } from './server.js';

/** Since when something is as it is, and who says so. */
export interface Since {
  readonly seconds: number;
  /** Its `lastchg`. */
  readonly source: 'haproxy';
}

export interface SlotStatus
  extends ServerSettings,
    Pick<ServerDetail, 'running' | 'queued' | 'rate' | 'errors'> {
  readonly backend: string;
  readonly slot: string;
  /** Who Consul has at this address; null: nobody, or Consul could not be read. */
  readonly instance: string | null;
  /** Requests running or queued. */
  readonly sessions: number;
  /** `UP`, `DOWN`, `MAINT`, … as HAProxy's own checks see it. */
  readonly status: string;
  /** Of its state; null: nobody knows, as of a slot in drain that HAProxy has DOWN, which has lost it. */
  readonly since: Since | null;
  /** What HAProxy's own check ended with last; null: it has none, or it did not run yet. */
  readonly check: CheckDetail | null;
}

/** `address:port` that a slot holds; `-` where it has none. */
export const hostPortOf = ({ address, port }: Pick<SlotStatus, 'address' | 'port'>): string =>
  address === null ? '-' : printHostPort(address, port);

/** What a server does for requests, in one word. `down` is NOLB, too. */
export type SlotWord = 'serving' | 'down' | 'weight-0' | 'drain' | 'maintenance';

export function wordOf(slot: Pick<SlotStatus, 'state' | 'status' | 'weight'>): SlotWord {
  if (slot.state !== 'ready') return slot.state;
  if (isServing(slot)) return 'serving';
  return isServing({ ...slot, weight: 1 }) ? 'weight-0' : 'down';
}

/** One pool on one load balancer, counted. */
export interface PoolStatus {
  readonly backend: string;
  /** The Consul service whose instances it serves. */
  readonly service: string;
  readonly slots: number;
  /** Slots that can be given to somebody; null: who has which is not known, because Consul could not be read. */
  readonly free: number | null;
  readonly ready: number;
  /** Of these, those that HAProxy sends requests to: not DOWN by its own checks, and with a weight above 0. */
  readonly serving: number;
  /** Slots in maintenance, free ones included. */
  readonly maintenance: number;
  /** Slots in drain that runs leave alone. */
  readonly held: number;
  /** Instances left out for want of a slot; null: not known, as `free`. */
  readonly unplaced: readonly { readonly instance: string; readonly reason: string }[] | null;
  /** No server of the backend serves, slot or not, although somebody is ready or Consul has somebody for the pool. */
  readonly unserved: boolean;
  /** Slots in drain at which nobody in Consul is: they stay so until an operator frees them. */
  readonly heldForNobody: readonly string[];
}

export interface LoadBalancerStatus {
  readonly address: string;
  /** `busy`: somebody has its admin socket, so what it holds is not known. `down`: it could not be read otherwise. */
  readonly state: 'read' | 'busy' | 'down';
  /** Absent where it could not be read at all, as what follows. */
  readonly version?: string;
  readonly uptimeSeconds?: number;
  /** Slots that hold an address or are not in maintenance; the others are free. */
  readonly slots: readonly SlotStatus[];
  readonly pools: readonly PoolStatus[];
  /** Why it, or some backends of it, could not be read. */
  readonly error?: string;
}

/** An instance at a usable address, as Consul lists it. */
export interface InstanceStatus {
  /** `node/id`. */
  readonly instance: string;
  readonly service: string;
  readonly health: Health;
  /** `address:port` as registered. */
  readonly address: string;
  /** Where that leads now; empty: the host name does not resolve. */
  readonly leadsTo: readonly string[];
  /** Of the pools that select it. */
  readonly backends: readonly string[];
}

/** A change that the next run would make, the same on all load balancers that it names. */
export interface PendingChange {
  readonly action: Action;
  readonly backend: string;
  readonly slot: string;
  readonly instance: string | null;
  readonly reason: string;
  readonly loadBalancers: readonly string[];
}

/** Something that somebody should know of. */
export interface Attention {
  /** `failed`: a run fails, or something cannot be read. `look`: somebody should act. `note`: worth knowing. */
  readonly level: 'failed' | 'look' | 'note';
  /** That of a problem, or `consul-unread`, `load-balancer-busy`, `load-balancer-down`, `differs`, `held`, … */
  readonly code: string;
  readonly text: string;
  /** What to do about it; empty: nothing. */
  readonly next: string;
  /** Where; empty: not at a load balancer. */
  readonly loadBalancers: readonly string[];
  readonly backend?: string;
  readonly instance?: string;
}

/** The last run that is known to have succeeded. */
export interface LastRun {
  /** When it ended, by the wall, in milliseconds since the epoch. */
  readonly endedAtMs: number;
  /** Whose, in words: `the local run`, `function iri-lb-resync`. */
  readonly by: string;
}

export interface Status {
  readonly version: 1;
  /** RFC 3339, UTC: nothing in it is older. */
  readonly takenAt: string;
  /** Which program and configuration looked. */
  readonly lookedBy: { readonly version: string; readonly commit: string; readonly config: string };
  /** Null: not known. */
  readonly lastRun: { readonly at: string; readonly by: string } | null;
  readonly pending: {
    /** As many as `changes`; null: not known, of no load balancer. */
    readonly count: number | null;
    readonly changes: readonly PendingChange[];
    /** Of these load balancers nothing is known. */
    readonly unknownOn: readonly string[];
  };
  readonly attention: readonly Attention[];
  readonly consul: {
    /** Null: it could not be read. */
    readonly index: string | null;
    readonly instances: number | null;
    /** Host names of instances with the addresses they resolve to now; those that do not are absent. */
    readonly names: Readonly<Record<string, readonly string[]>>;
    /** Why Consul could not be read, or its answer cannot be believed. */
    readonly error?: string;
  };
  /** Null: Consul could not be read. */
  readonly instances: readonly InstanceStatus[] | null;
  readonly loadBalancers: readonly LoadBalancerStatus[];
  /** Servers in another slot or state, or with other settings, on one load balancer than on the first. */
  readonly differences: readonly string[];
}
