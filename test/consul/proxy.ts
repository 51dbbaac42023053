// A proxy in front of the real Consul, for what it cannot be made to do: one fault per request.
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';

/** What becomes of one answer. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  /** The real headers, half of the body, and the connection is cut. */
  | { readonly kind: 'cut' }
  /** The real headers, half of the body, and then nothing. */
  | { readonly kind: 'stall' }
  /** No answer at all. */
  | { readonly kind: 'silent' }
  /** The connection is closed before an answer. */
  | { readonly kind: 'close' }
  /** The real answer with other headers; undefined takes one away. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string | undefined>> }
  /** The real headers with another body. */
  | { readonly kind: 'body'; readonly body: string; readonly type?: string }
  /** An answer that shows what was sent. */
  | { readonly kind: 'echo' };

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FaultProxy {
  readonly url: string;
  readonly requests: readonly Request[];
  /** Asked for each request; undefined passes it through. */
  fault(choose: (request: Request, nth: number) => Fault | undefined): void;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 and hands everything on to `target`, until told otherwise. */
export async function startProxy(target: string): Promise<FaultProxy> {
  const requests: Request[] = [];
  let choose: Parameters<FaultProxy['fault']>[0] = () => undefined;
  let nth = 0;
  const server = http.createServer(async (incoming, response) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const request = { method, url, headers, body: await textOf(incoming) };
    requests.push(request);
    nth += 1;
    const fault = choose(request, nth);
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'close') return void incoming.socket.destroy();
    if (fault?.kind === 'status') return void response.writeHead(fault.status, plain).end(fault.body ?? '');
    if (fault?.kind === 'echo') return void response.writeHead(500, plain).end(JSON.stringify(headers));
    const real = await forward(target, request);
    const changed: Record<string, string | string[] | undefined> = {
      ...real.headers,
      'transfer-encoding': undefined,
      'content-length': String(Buffer.byteLength(real.body)),
      ...(fault?.kind === 'headers' ? fault.headers : {}),
    };
    if (fault?.kind === 'body') {
      changed['content-length'] = String(Buffer.byteLength(fault.body));
      if (fault.type !== undefined) changed['content-type'] = fault.type;
    }
    const kept = Object.entries(changed).filter(([, value]) => value !== undefined);
    response.writeHead(real.status, Object.fromEntries(kept) as OutgoingHttpHeaders);
    if (fault?.kind !== 'cut' && fault?.kind !== 'stall') {
      response.end(fault?.kind === 'body' ? fault.body : real.body);
      return;
    }
    response.write(real.body.slice(0, real.body.length / 2), () => {
      if (fault.kind === 'cut') incoming.socket.destroy();
    });
  });
  return {
    url: await listenOnLoopback(server, 0),
    requests,
    fault: (next) => {
      choose = next;
      nth = 0;
    },
    close: () => closeServer(server),
  };
}

const plain = { 'content-type': 'text/plain; charset=utf-8' };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function forward(target: string, { method, url, headers, body }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${target}${url}`, { method, headers, agent: false }, async (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      resolve({ status, headers: { ...answered, connection: 'close' }, body: await textOf(response) });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
