// What `iri-lb status --json` prints: every load balancer, slot by slot. Types only.
import type { ServerSettings } from './server.js';

export interface SlotStatus extends ServerSettings {
  readonly backend: string;
  readonly slot: string;
  /** Who Consul has at this address; null: nobody. */
  readonly instance: string | null;
  readonly sessions: number;
  /** `UP`, `DOWN`, `MAINT`, … as HAProxy's own checks see it. */
  readonly status: string;
}

/** One pool on one load balancer, counted. */
export interface PoolStatus {
  readonly backend: string;
  readonly ready: number;
  /** Of these, those that HAProxy sends requests to: not DOWN by its own checks, and with a weight above 0. */
  readonly serving: number;
  /** No server of the backend serves, slot or not, although somebody is ready or Consul has somebody for the pool. */
  readonly unserved: boolean;
  /** Slots in drain at which nobody in Consul is: they stay so until an operator frees them. */
  readonly heldForNobody: readonly string[];
}

export interface LoadBalancerStatus {
  readonly address: string;
  /** Absent where it could not be read at all. */
  readonly version?: string;
  readonly uptimeSeconds?: number;
  /** Slots that hold an address or are not in maintenance; the others are free. */
  readonly slots: readonly SlotStatus[];
  readonly pools: readonly PoolStatus[];
  /** Why it, or some backends of it, could not be read. */
  readonly error?: string;
}

export interface Status {
  readonly version: 1;
  readonly consul: {
    readonly index: string;
    readonly instances: number;
    /** Host names of instances with the addresses they resolve to now; those that do not are absent. */
    readonly names: Readonly<Record<string, readonly string[]>>;
    /** Why Consul could not be read, or its answer cannot be believed. */
    readonly error?: string;
  };
  readonly loadBalancers: readonly LoadBalancerStatus[];
  /** Servers in another slot or state, or with other settings, on one load balancer than on the first. */
  readonly differences: readonly string[];
}
