// The Runtime API of one HAProxy, as everything above `haproxy` is handed it. Types only.
import type { SocketAddress } from './admin-address.js';

/** One interactive connection to one HAProxy; holding it is holding the lock (`maxconn 1`). */
export interface RuntimeConnection {
  /** The admin socket's address, for messages. */
  readonly name: string;
  /**
   * Sends command lines (without line end) in order, pipelined; returns their answers in order, trimmed.
   * Where it can, it gives each to `early` as it comes: while HAProxy works on the next one.
   */
  send(commands: readonly string[], early?: (answer: string, index: number) => void): Promise<string[]>;
  /** Resolves when it is closed; where an answer was given up, at once, and HAProxy is let end it. */
  close(): Promise<void>;
}

/**
 * Connects and waits until the admin socket is ours; the connection gives up by itself after
 * `budgetMs` milliseconds. HAProxy may be at an answer of it then: the socket is its next client's when that has ended.
 * Throws a named HAProxyError.
 */
export type Connect = (address: SocketAddress, budgetMs: number) => Promise<RuntimeConnection>;
