// A server behind HAProxy: answers with its own name and keeps what reached it; can be told to hold answers.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Harness } from '../../infra/local/harness.js';

export interface Arrival {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Node {
  readonly name: string;
  readonly port: number;
  /** Requests of clients, without HAProxy's own checks. */
  readonly arrivals: readonly Arrival[];
  /** The most requests of clients that were here at the same time. */
  readonly peak: number;
  /** From now on answers wait until release(). */
  hold(): void;
  release(): void;
}

/** A long answer of JSON, which compression shortens. */
const PADDING = 'z'.repeat(4_096);

/** Starts a node on a free port; the harness ends it. */
export async function startNode(harness: Harness, name: string): Promise<Node> {
  const arrivals: Arrival[] = [];
  const held: ServerResponse[] = [];
  let holding = false;
  let here = 0;
  let peak = 0;
  const answer = (response: ServerResponse): void => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ node: name, padding: PADDING }));
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    // HAProxy's checks name this host; clients name another.
    if (request.headers.host === 'localhost') return answer(response);
    const body = Buffer.concat(chunks).toString('latin1');
    arrivals.push({ method: request.method ?? '', headers: request.headers, body });
    here += 1;
    peak = Math.max(peak, here);
    response.once('close', () => {
      here -= 1;
    });
    if (holding) held.push(response);
    else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  harness.onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    name,
    port: (server.address() as AddressInfo).port,
    arrivals,
    get peak() {
      return peak;
    },
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const response of held.splice(0)) answer(response);
    },
  };
}
