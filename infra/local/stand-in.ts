// Stand-in IRI nodes: an HTTP or HTTPS server on loopback that answers as IRI does, with faults on demand.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { printHostPort } from '../../lib/address.js';
import { answerCommand, FAULTS, type Fault, isFault, type StandInNode } from './stand-in-answers.js';
import { breakAnswer } from './stand-in-faults.js';

export type { Fault } from './stand-in-answers.js';

export interface StandInOptions {
  /** Stands in every answer: the header `X-Node-Name` and the field `node`. */
  readonly name: string;
  /** 127.0.0.1 by default; `::1` serves IPv6. Loopback only. */
  readonly host?: string;
  /** A free one by default. */
  readonly port?: number;
  readonly fault?: Fault;
  /** attachToTangle is answered, not refused with 401. Off by default, as on a public node. */
  readonly pow?: boolean;
  /** How long one attachToTangle with `trytes` takes; 0 by default. Without them IRI answers 400 at once. */
  readonly powMs?: number;
  /** How long any answer takes under the fault `slow`; 1500 by default. */
  readonly slowMs?: number;
  readonly appVersion?: string;
  readonly neighbors?: number;
  /** PEM text; makes it an HTTPS server. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A request as it arrived, kept until 1,000 newer ones have come. */
export interface StandInRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The first 64 kB. */
  readonly body: string;
  /** The body's `command`, empty where there is none. */
  readonly command: string;
}

export interface StandIn {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly requests: readonly StandInRequest[];
  readonly fault: Fault;
  /** From the next request on; also by `POST /_fault?name=unsynced` (`GET /_fault` lists them). */
  setFault(fault: Fault): void;
  /** The most requests of this command that were ever in the node at the same time. */
  peak(command: string): number;
  close(): Promise<void>;
}

const MAX_BODY = 8 * 1024 * 1024;
const KEPT_REQUESTS = 1000;

/** Starts one node. Rejects when the port is taken or the host is not this machine's loopback. */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const host = options.host ?? '127.0.0.1';
  if (host !== '::1' && !/^127\.\d+\.\d+\.\d+$/.test(host)) {
    throw new Error(`stand-in ${options.name}: ${host} is not loopback; use 127.0.0.1 or ::1`);
  }
  const node: StandInNode = {
    name: options.name,
    pow: options.pow ?? false,
    appVersion: options.appVersion ?? '1.5.6',
    neighbors: options.neighbors ?? 5,
  };
  let fault: Fault = options.fault ?? 'healthy';
  const requests: StandInRequest[] = [];
  const running = new Map<string, number>();
  const peaks = new Map<string, number>();

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('X-Node-Name', node.name);
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (url.pathname === '/_fault') {
      const wanted = url.searchParams.get('name') ?? '';
      const known = isFault(wanted);
      if (request.method === 'POST' && known) fault = wanted;
      return sendJson(response, request.method !== 'POST' || known ? 200 : 400, {
        node: node.name,
        fault,
        faults: FAULTS,
      });
    }
    const body = await readBody(request);
    const parsed = parseObject(body);
    const command = typeof parsed.command === 'string' ? parsed.command : '';
    requests.push({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: body.slice(0, 65_536),
      command,
    });
    if (requests.length > KEPT_REQUESTS) requests.shift();

    const active = (running.get(command) ?? 0) + 1;
    running.set(command, active);
    peaks.set(command, Math.max(active, peaks.get(command) ?? 0));
    response.once('close', () => running.set(command, (running.get(command) ?? 1) - 1));

    if (breakAnswer(fault, response)) return;
    if (request.method === 'OPTIONS') return sendJson(response, 200, undefined);
    if (request.headers['x-iota-api-version'] === undefined) {
      return sendJson(response, 400, { error: 'Invalid API Version', duration: 0, node: node.name });
    }
    const slowMs = fault === 'slow' ? (options.slowMs ?? 1500) : 0;
    const asked = answerCommand(node, fault, parsed, slowMs);
    const works = command === 'attachToTangle' && asked.status === 200;
    const delayMs = slowMs + (works ? (options.powMs ?? 0) : 0);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const answer = answerCommand(node, fault, parsed, delayMs);
    sendJson(response, answer.status, { ...answer.body, node: node.name });
  };
  const listener: RequestListener = (request, response) => {
    serve(request, response).catch(() => response.destroy());
  };
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    name: node.name,
    host,
    port,
    url: `${options.tls ? 'https' : 'http'}://${printHostPort(host, port)}`,
    requests,
    get fault() {
      return fault;
    },
    setFault(next) {
      fault = next;
    },
    peak: (command) => peaks.get(command) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    return parsed !== null && typeof parsed === 'object' ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function sendJson(response: ServerResponse, status: number, body: object | undefined): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Headers': 'Origin, X-Requested-With, Content-Type, Accept, X-IOTA-API-Version',
  });
  response.end(body === undefined ? '' : JSON.stringify(body));
}
