// Nodes behind the load balancer that answer with their own name, take a moment, and leave as real ones do.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface NamedNode {
  readonly name: string;
  readonly port: number;
  /** From now on answers wait until what is returned is called. */
  hold(): () => void;
  /** Requests that wait. */
  held(): number;
  /** Takes no new connection, answers what it has begun, and resolves when all of that is done. */
  leave(): Promise<void>;
  /** Ends at once, with whatever is under way. */
  kill(): void;
}

/** Longest time an answer takes, in milliseconds: long enough to be under way while a run writes. */
const SLOWEST_MS = 25;

/** Starts a node on 127.0.0.1, on a free port unless told which. */
export async function startNamedNode(name: string, port = 0): Promise<NamedNode> {
  let answered = 0;
  let leaving = false;
  let waiting: (() => void)[] | undefined;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      answered += 1;
      const body = JSON.stringify({ node: name, duration: 0 });
      const head = { 'Content-Type': 'application/json', 'X-Node-Name': name };
      response.once('close', () => leaving && server.closeIdleConnections());
      const answer = (): void => void response.writeHead(200, head).end(body);
      if (waiting) waiting.push(answer);
      else setTimeout(answer, (answered * 7) % SLOWEST_MS);
    });
  });
  await listen(server, port);
  return {
    name,
    port: (server.address() as AddressInfo).port,
    hold: () => {
      const held: (() => void)[] = [];
      waiting = held;
      return () => {
        waiting = undefined;
        for (const answer of held) answer();
      };
    },
    held: () => waiting?.length ?? 0,
    leave: () =>
      new Promise((resolve) => {
        leaving = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    kill: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
