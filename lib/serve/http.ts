// A small HTTP server for this host: paths to what answers them, and nothing for web pages of others.
import http, { type IncomingMessage } from 'node:http';
import { printHostPort } from '../model/address.js';
import { codeOf } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { jsonText } from '../model/text.js';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of one path, asked with GET; `url` has its query. */
export type Route = (url: URL, request: IncomingMessage) => Reply | Promise<Reply>;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** By path: `/live`. */
  readonly routes: Readonly<Record<string, Route>>;
}

export interface Listening {
  /** `http://127.0.0.1:8402`. */
  readonly url: string;
  close(): void;
}

/** A request comes at once, or not at all; in milliseconds. */
const REQUEST_MS = 5_000;
/** Connections at once. */
const MAX_CONNECTIONS = 64;

export const json = (status: number, value: unknown): Reply => ({
  status,
  type: 'application/json',
  body: `${jsonText(value, 2)}\n`,
});

/** Listens. Throws an Error that says what to do where the port is taken, or is no address of this host. */
export async function listenHttp({ host, port, routes }: ListenOptions): Promise<Listening> {
  const onlyLocal = isLoopback(host);
  const server = http.createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      answer(request, routes, onlyLocal)
        .catch(() => json(500, { error: 'this could not be answered' }))
        .then(({ status, type, body, headers = {} }) => {
          response.writeHead(status, {
            'content-type': type,
            'content-length': Buffer.byteLength(body),
            'cache-control': 'no-store',
            'x-content-type-options': 'nosniff',
            ...(request.complete ? {} : { connection: 'close' }),
            ...headers,
          });
          response.end(request.method === 'HEAD' ? undefined : body);
        });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refused(host, port, error)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${printHostPort(host, bound)}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  routes: ListenOptions['routes'],
  onlyLocal: boolean,
): Promise<Reply> {
  // A web page that is open on this host cannot leave Origin out, nor choose Host, which it could name as it likes
  // if its own name resolved to us.
  if (request.headers.origin !== undefined) return json(403, { error: 'no pages of others' });
  if (onlyLocal && !isLoopback(hostOf(request))) return json(403, { error: 'Host is not this machine' });
  const target = `http://localhost${request.url ?? '/'}`;
  const url = URL.canParse(target) ? new URL(target) : undefined;
  const route = url && Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
  if (!url || !route) return json(404, { error: `use GET ${Object.keys(routes).join(', ')}` });
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'use GET' });
  return route(url, request);
}

function hostOf({ headers }: IncomingMessage): string {
  const url = `http://${headers.host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function refused(host: string, port: number, error: Error): Error {
  const code = codeOf(error);
  const where = printHostPort(host, port);
  if (code === 'EADDRINUSE')
    return new Error(
      `--listen ${where}: the port is taken, by another iri-lb run? Stop that one, or name another port, or off`,
    );
  if (code === 'EACCES') return new Error(`--listen ${where}: not allowed; name a port from 1024`);
  return new Error(`--listen ${where}: ${code}; name an address of this host, or off`);
}
