// Everything that can go wrong between us and one HAProxy: one error, told apart by its kind.
import { NextStepError } from '../model/errors.js';
import { quote } from '../model/text.js';

export type HAProxyErrorKind =
  /** Nobody listens, the route is missing, or TLS was refused. */
  | 'connect'
  /** Connected, but no prompt within the time: another client holds the socket, or it is no CLI. */
  | 'no-prompt'
  /** Something else than a HAProxy admin socket answered. */
  | 'not-haproxy'
  /** HAProxy closed the connection before all answers were read. */
  | 'closed'
  /** One answer, or all of them, did not arrive in time. */
  | 'timeout'
  /** The socket is below `level admin`. */
  | 'permission'
  /** It lacks a backend. */
  | 'no-backend'
  /** A listing or an answer that we cannot make sense of. */
  | 'listing'
  /** An answer that would take more memory than answers may. */
  | 'too-large'
  /** The process we spoke to is being replaced (`Stopping: 1`). */
  | 'stopping'
  /** After all rounds HAProxy still differs from what was written. */
  | 'still-differs'
  /** Its turn did not come in the run's time. */
  | 'not-served'
  /** A bug of ours: a line that is no plain command, two exchanges at a time. */
  | 'misuse';

/** The message reads `haproxy <address>: <detail>; <next step>`. */
export class HAProxyError extends NextStepError {
  override readonly name = 'HAProxyError';
  constructor(
    readonly address: string,
    readonly kind: HAProxyErrorKind,
    detail: string,
    nextStep = '',
  ) {
    super(`haproxy ${address}`, detail, nextStep);
  }
}

/** `text` is what came in place of a prompt. The master process (`-S`) has no servers, and a prompt of its own. */
export const notHAProxy = (address: string, text: string): HAProxyError =>
  text.startsWith('master>')
    ? new HAProxyError(
        address,
        'not-haproxy',
        "is the socket of HAProxy's master process, which has no servers",
        'name a "stats socket" of the configuration, not the one of -S',
      )
    : new HAProxyError(
        address,
        'not-haproxy',
        `answered ${quote(text, 60)}, not a prompt`,
        "is this HAProxy's admin socket?",
      );

/** `command` is the one that waits for its answer, if any. */
export function closedByHAProxy(
  address: string,
  prompted: boolean,
  command: string | undefined,
): HAProxyError {
  if (!prompted) {
    const nextStep = 'is this the admin socket, and are we let in?';
    return new HAProxyError(address, 'closed', 'closed before its first prompt', nextStep);
  }
  const when = command === undefined ? 'by HAProxy' : `before the answer to ${quote(command)}`;
  return new HAProxyError(address, 'closed', `closed ${when}`);
}

/** Whether `error` is of one of these kinds. */
export function isKind(error: unknown, ...kinds: readonly HAProxyErrorKind[]): error is HAProxyError {
  return error instanceof HAProxyError && kinds.includes(error.kind);
}
