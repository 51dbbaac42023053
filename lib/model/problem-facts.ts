// The facts that problems have in common. Types only.
import type { Refusal } from './networks.js';

export interface Tag {
  readonly instance: string;
  readonly place: 'tag' | 'Meta';
  /** As Consul has it: `haproxy.weight=2`. */
  readonly said: string;
}
export interface OfService {
  readonly service: string;
}
export interface OfToken extends OfService {
  /** Where the token comes from, never the token. */
  readonly tokenName: string;
}
export interface Slot {
  readonly backend: string;
  readonly slot: string;
  readonly hostPort: string;
  readonly instance: string;
}
/** An instance that no server of a pool can be given to. */
export interface LeftOut {
  readonly backend: string;
  readonly instance: string;
}
export interface OfRange extends LeftOut {
  readonly prefix: string;
  readonly transport: string;
}
/** An address that no server may have. */
export interface Refused {
  readonly instance: string;
  readonly hostPort: string;
  /** Whose answer it is; null of an IP literal. */
  readonly hostName: string | null;
  readonly why: Refusal;
  /** The instance has no other. */
  readonly leftOut: boolean;
}
/** Warnings that are only counted. */
export interface LeftOutWarnings {
  readonly count: number;
  /** Whose are the most; null where they are nobody's. */
  readonly instance: string | null;
  readonly ofInstance: number;
}
export interface OfSlots extends LeftOut {
  readonly prefix: string;
  /** Of the range, all of them. */
  readonly slots: number;
}
/** A pool whose rule selects nobody of those that Consul lists. */
export interface Unselected extends OfService {
  readonly backend: string;
  readonly listed: number;
  /** Of those that the rule selects: at an address that no server may have. */
  readonly refused: number;
}
/** A pool of which nobody serves, and the servers that could. */
export interface Unserved {
  readonly backend: string;
  readonly ready: number;
  /** Of the ready ones: DOWN, or stopping (NOLB), as HAProxy's own checks and agents say. */
  readonly down: number;
  /** Of the ready ones that are up: of weight 0. */
  readonly weightless: number;
  readonly held: number;
  /** Instances of the pool that Consul has critical or in maintenance. */
  readonly unwell: number;
}
