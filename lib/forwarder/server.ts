// The forwarder as an HTTP handler: Consul's watches, /notify for the load balancer's host, /health.
import http, { type IncomingMessage } from 'node:http';
import { isBearer } from '../config/bearer-token.js';
import { isLoopback } from '../model/loopback.js';
import { isServiceName } from '../model/service-name.js';
import { quote } from '../model/text.js';
import { isIndex } from '../model/watch-event.js';
import { MAX_BODY_BYTES, readArray } from './body.js';
import { keepRoom } from './connections.js';
import type { Delivery } from './delivery.js';

export interface ServerOptions {
  readonly delivery: Delivery;
  /** Consul service of `POST /notify` and `POST /`, which name none. */
  readonly service: string;
  /** Services of which events are taken. */
  readonly services: readonly string[];
  readonly allowRemote: boolean;
  /** `Authorization: Bearer` of every request, where one is asked for. */
  readonly token?: string;
  /** As much of a body is read, in bytes. */
  readonly maxBodyBytes?: number;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

/** Consul gives a handler ten seconds; its head comes at once. In milliseconds. */
const REQUEST_MS = 10_000;
const HEAD_MS = 2_000;
const CHECK_MS = 500;

const accepted: Reply = { status: 202, body: { accepted: true } };
const refuse = (status: number, error: string): Reply => ({ status, body: { error } });

/**
 * `POST /watch/SERVICE` (or `POST /`) with `X-Consul-Index` and a JSON array, as Consul's HTTP handler
 * sends it; `POST /notify` for a run that takes no shortcut; `GET /health`. An event is answered at once
 * with 202 and delivered later: Consul does not repeat a handler that failed. Of a body that is too long
 * the beginning is enough, since it is not used.
 */
export function makeServer(options: ServerOptions): http.Server {
  const server = http.createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: HEAD_MS, connectionsCheckingInterval: CHECK_MS },
    (request, response) => {
      handle(request, options)
        .catch(() => refuse(400, 'the request was cut off'))
        .then(({ status, body }) => {
          const unread = request.complete ? {} : { connection: 'close' };
          response.writeHead(status, { 'content-type': 'application/json', ...unread });
          response.end(`${JSON.stringify(body)}\n`);
        });
    },
  );
  keepRoom(server);
  return server;
}

async function handle(request: IncomingMessage, options: ServerOptions): Promise<Reply> {
  const { delivery, service, services, allowRemote, token, maxBodyBytes = MAX_BODY_BYTES } = options;
  // A web page, open on this host, must not wake the function: it cannot leave Origin out, nor choose
  // Host (which it could name as it likes if its own name resolved to us).
  if (request.headers.origin !== undefined) return refuse(403, 'no browsers');
  if (!allowRemote && !isLoopback(hostOf(request))) return refuse(403, 'Host is not this machine');
  if (token !== undefined && !isBearer(request.headers.authorization, token))
    return refuse(401, 'send "Authorization: Bearer" with the token of --token-file');

  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (path === '/health') {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'use GET');
    const status = delivery.status();
    return { status: status.failures === 0 ? 200 : 503, body: status };
  }
  const watched = path === '/' ? service : decoded(/^\/watch\/([^/]+)$/.exec(path)?.[1]);
  if (path !== '/notify' && watched === undefined)
    return refuse(404, 'use POST /watch/SERVICE, POST /notify or GET /health');
  if (request.method !== 'POST') return refuse(405, 'use POST');
  if (path === '/notify') {
    if ((await readArray(request, Math.min(maxBodyBytes, 65_536))) === 'too large')
      return refuse(413, 'too large');
    delivery.push({ service, index: '0' });
    return accepted;
  }
  const index = request.headers['x-consul-index'];
  if (watched === undefined || !isServiceName(watched))
    return refuse(400, 'no Consul service name in the path');
  if (!services.includes(watched)) return refuse(404, `no pool has the service ${quote(watched)}`);
  if (typeof index !== 'string' || !isIndex(index)) return refuse(400, 'X-Consul-Index is not an index');
  const body = await readArray(request, maxBodyBytes);
  if (body === 'too large') return refuse(413, `more than ${maxBodyBytes} bytes`);
  if (body === 'junk') return refuse(400, 'the body is not a JSON array');
  delivery.push({ service: watched, index });
  return accepted;
}

/** A segment of a path in plain text; empty, which names no service, where it is no encoding. */
function decoded(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment);
  } catch {
    return '';
  }
}

/** Of the Host header, without its port; empty where it is none. */
export function hostOf(request: IncomingMessage): string {
  const url = `http://${request.headers.host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
}
