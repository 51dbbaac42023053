// Connections that ask nothing more once a signal has come: a look, for which no run shall wait.
import type { Connect } from '../model/runtime.js';

/**
 * What was asked is still answered: a client that goes in the middle of a large listing may end HAProxy (3.2.26).
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
