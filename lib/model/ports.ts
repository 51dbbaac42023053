// What the reconcile loop needs from the outside world; the edges implement these, tests hand in others.
import type { SocketAddress } from './admin-address.js';

/** One answer of Consul to "who serves this, and how are they?". */
export interface CatalogRead {
  /** The rows as Consul sent them, parsed from JSON and known to be an array; not yet validated. */
  readonly rows: readonly unknown[];
  /** `X-Consul-Index`, text because it is a uint64. */
  readonly index: string;
  /** `X-Consul-KnownLeader: false` was sent. */
  readonly leaderless: boolean;
  /** `X-Consul-Results-Filtered-By-ACLs: true` was sent. */
  readonly filtered: boolean;
}

export interface ReadOptions {
  /** Asks a quorum (`?consistent`), for the second look before a large removal. */
  readonly consistent?: boolean;
  /** Waits, bounded, until the service's index is at least this one (blocking query). */
  readonly minIndex?: string;
}

/** What `POST /v1/internal/acl/authorize` says to one question about our token. */
export type Right = 'allowed' | 'denied' | 'acls-disabled' | 'unknown';

/** Whether what Consul lists of a service is all there is: `nodes-denied` leaves rows out without a word. */
export type MayRead = Right | 'nodes-denied';

/** Consul. Every failure is a thrown CatalogError; an error is never an empty list. */
export interface CatalogPort {
  /** Where the token comes from (`parameter /iri-lb/token`), for messages. */
  readonly tokenName: string;
  readService(service: string, options?: ReadOptions): Promise<CatalogRead>;
  /** The service's `X-Consul-Index` as it is now, without its rows. */
  readIndex(service: string): Promise<string>;
  mayRead(service: string): Promise<MayRead>;
  /** Fetches the token again; true: it is another one than before. Throws when it cannot be fetched. */
  renewToken(): Promise<boolean>;
}

/** DNS. The addresses found (A and AAAA, any order); throws when there is none, NotResolvedError with the last ones. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** One interactive connection to one HAProxy; holding it is holding the lock (`maxconn 1`). */
export interface RuntimeConnection {
  /** The admin socket's address, for messages. */
  readonly name: string;
  /**
   * Sends command lines (without line end) in order, pipelined; returns their answers in order, trimmed.
   * Where it can, it gives each to `early` as it comes: while HAProxy works on the next one.
   */
  send(commands: readonly string[], early?: (answer: string, index: number) => void): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * Connects and waits until the admin socket is ours; the connection ends itself after `budgetMs`
 * milliseconds. Throws a named HAProxyError.
 */
export type Connect = (address: SocketAddress, budgetMs: number) => Promise<RuntimeConnection>;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A clock that can also end a wait. */
export interface DeadlineClock extends Clock {
  /** What `work` gives, or `late()` thrown when that takes more than `ms` milliseconds. */
  within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T>;
}
