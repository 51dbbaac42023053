// A node that keeps every request until it is told to answer.
import { createServer, type ServerResponse } from 'node:http';
import type { Harness } from '../../infra/local/harness.js';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import { waitFor } from '../../infra/local/wait-for.js';

export interface SlowNode {
  readonly port: number;
  /** Sends a request by way of each of these, and waits until the node has them all; what they end with. */
  ask(...urls: readonly string[]): Promise<readonly Promise<number>[]>;
  /** Answers all that it has. */
  answer(): void;
}

export async function startSlowNode(harness: Harness): Promise<SlowNode> {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    waiting.push(response);
  });
  const url = await listenOnLoopback(server, await harness.freePort());
  const answer = (): void => {
    for (const response of waiting.splice(0)) response.end('ok');
  };
  harness.onClose(() => {
    answer();
    return closeServer(server);
  });
  return {
    port: Number(new URL(url).port),
    answer,
    ask: async (...urls) => {
      const before = waiting.length;
      const asked = urls.map((one) =>
        fetch(one).then(
          ({ status }) => status,
          () => 0,
        ),
      );
      await waitFor(() => waiting.length === before + urls.length, { what: `${urls.length} requests` });
      return asked;
    },
  };
}
