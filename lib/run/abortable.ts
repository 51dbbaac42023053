// Connections that ask nothing more once a signal has come: a look, for which no run shall wait.
import type { Connect } from '../model/runtime.js';

/**
 * What was asked is still answered: a client that goes in the middle of a listing leaves HAProxy (2.6.12, 3.0.11) with a
 * session that may never end, and nobody else gets the socket.
 */
export function abortable(connect: Connect, signal: AbortSignal): Connect {
  return async (address, budgetMs) => {
    signal.throwIfAborted();
    const connection = await connect(address, budgetMs);
    if (signal.aborted) await connection.close();
    signal.throwIfAborted();
    return {
      name: connection.name,
      send: async (commands, early) => {
        signal.throwIfAborted();
        return connection.send(commands, early);
      },
      close: () => connection.close(),
    };
  };
}
