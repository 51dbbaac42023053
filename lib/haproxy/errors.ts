// Everything that can go wrong between us and one HAProxy, each with a name of its own.

/** Base of all; the message reads `haproxy <address>: <what>; <next step>`. */
export class HAProxyError extends Error {
  override readonly name: string = 'HAProxyError';
  constructor(
    readonly address: string,
    readonly detail: string,
  ) {
    super(`haproxy ${address}: ${detail}`);
  }
}

/** Nobody listens, the route is missing, or TLS was refused. */
export class ConnectError extends HAProxyError {
  override readonly name = 'ConnectError';
}

/** Connected, but no prompt within the time: another client holds the socket, or it is no CLI. */
export class NoPromptError extends HAProxyError {
  override readonly name = 'NoPromptError';
}

/** Something else than a HAProxy admin socket answered. */
export class NotHAProxyError extends HAProxyError {
  override readonly name = 'NotHAProxyError';
}

/** HAProxy closed the connection before all answers were read. */
export class ConnectionClosedError extends HAProxyError {
  override readonly name = 'ConnectionClosedError';
}

/** One answer did not arrive in time. */
export class AnswerTimeoutError extends HAProxyError {
  override readonly name = 'AnswerTimeoutError';
}

/** The socket is below `level admin`. */
export class PermissionError extends HAProxyError {
  override readonly name = 'PermissionError';
}

/** A listing or an answer that we cannot make sense of. */
export class ListingError extends HAProxyError {
  override readonly name = 'ListingError';
}

/** The process we spoke to is being replaced (`Stopping: 1`). */
export class StoppingError extends HAProxyError {
  override readonly name = 'StoppingError';
}

/** After all rounds HAProxy still differs from what was written. */
export class NotHeldError extends HAProxyError {
  override readonly name = 'NotHeldError';
}
