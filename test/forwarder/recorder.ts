// A Lambda endpoint for the forwarder's tests: notes what it is sent, answers what it is told to.
import http, { type IncomingHttpHeaders } from 'node:http';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import { parseWatchEvent, type WatchEvent } from '../../lib/model/watch-event.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Recorder {
  readonly url: string;
  readonly received: readonly Received[];
  /** Events of the invocations that were accepted. */
  readonly accepted: readonly WatchEvent[];
  /** Status and body from now on; `hang` gives no answer at all. */
  answer(next: { readonly status: number; readonly body?: string } | 'hang'): void;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1, on `port` or a free one, and accepts everything (202) until told otherwise. */
export async function startRecorder(port = 0): Promise<Recorder> {
  const received: Received[] = [];
  const accepted: WatchEvent[] = [];
  let next: Parameters<Recorder['answer']>[0] = { status: 202 };
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url: path = '', headers } = request;
    received.push({ method, path, headers, body });
    if (next === 'hang') return;
    const event = next.status === 202 ? parseWatchEvent(JSON.parse(body)) : undefined;
    if (event) accepted.push(event);
    response.writeHead(next.status, { 'content-type': 'application/json' }).end(next.body ?? '');
  });
  return {
    url: await listenOnLoopback(server, port),
    received,
    accepted,
    answer: (given) => {
      next = given;
    },
    close: () => closeServer(server),
  };
}
