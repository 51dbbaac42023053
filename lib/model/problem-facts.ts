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
