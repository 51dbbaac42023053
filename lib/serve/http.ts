// A small HTTP server: paths to what answers them, for those who may ask, and nothing for web pages of others.
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { printHostPort } from '../model/address.js';
import { codeOf } from '../model/errors.js';
import { jsonText } from '../model/text.js';
import { type Access, makeAccess, type Refusal } from './access.js';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route has taken over, and goes on answering itself. */
export const TAKEN = 'taken';

/** Of one path; `url` has its query. */
export type Answer = (
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
) => Reply | typeof TAKEN | Promise<Reply | typeof TAKEN>;

export type Route =
  /** Asked with GET, by whoever knows the token. */
  | Answer
  | {
      readonly answer: Answer;
      readonly method?: 'GET' | 'POST';
      /** Answered to whoever may ask at all. */
      readonly open?: true;
      /** In place of the plain refusal where the token is missing or wrong. */
      readonly refused?: Answer;
    };

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** By path: `/live`. */
  readonly routes: Readonly<Record<string, Route>>;
  /** By default whoever asks by a name of loopback. */
  readonly access?: Access;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Connections at once. */
  readonly maxConnections?: number;
}

export interface Listening {
  /** `http://127.0.0.1:8402`. */
  readonly url: string;
  /** What is bound. */
  readonly ip: string;
  readonly port: number;
  close(): void;
}

/** A request comes at once, or not at all; in milliseconds. */
const REQUEST_MS = 5_000;
/** Node looks for those who are late only so often, in milliseconds: every 30 s by default. */
const CHECKED_EVERY_MS = 1_000;
const MAX_CONNECTIONS = 64;

const SAFE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export const json = (status: number, value: unknown): Reply => ({
  status,
  type: 'application/json',
  body: `${jsonText(value, 2)}\n`,
});

const REFUSED: Readonly<Record<Refusal, Reply>> = {
  'foreign-host': json(403, { error: 'Host is none that this was told; see --host' }),
  'foreign-page': json(403, { error: 'no pages of others' }),
  'no-token': {
    ...json(401, { error: 'send Authorization: Bearer TOKEN' }),
    headers: { 'www-authenticate': 'Bearer' },
  },
  'wrong-token': {
    ...json(401, { error: 'the token is wrong' }),
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
};

/** Listens. Throws an Error that says what to do where the port is taken, or is no address of this host. */
export async function listenHttp(options: ListenOptions): Promise<Listening> {
  const { host, port, routes, tls, maxConnections = MAX_CONNECTIONS } = options;
  const { access = makeAccess({ hosts: [], tls: tls !== undefined, behindProxy: false }) } = options;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response, routes, access)
      .catch(() => json(500, { error: 'this could not be answered' }))
      .then((reply) => {
        if (reply !== TAKEN) send(reply, request, response);
      });
  };
  const limits = {
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    connectionsCheckingInterval: CHECKED_EVERY_MS,
  };
  const server = tls
    ? https.createServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, handle)
    : http.createServer(limits, handle);
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refused(host, port, error)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address ? address : { address: host, port };
  return {
    url: `${tls ? 'https' : 'http'}://${printHostPort(host, bound.port)}`,
    ip: bound.address,
    port: bound.port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function send(
  { status, type, body, headers = {} }: Reply,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...SAFE,
    ...(request.complete ? {} : { connection: 'close' }),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ListenOptions['routes'],
  access: Access,
): Promise<Reply | typeof TAKEN> {
  const { headers } = request;
  // A web page that is open on this host cannot leave Origin out, nor choose Host, which it could name as it likes
  // if its own name resolved to us.
  const stranger = access.refusesAsker(headers);
  if (stranger) return REFUSED[stranger];
  const target = `http://localhost${request.url ?? '/'}`;
  const url = URL.canParse(target) ? new URL(target) : undefined;
  const found = url && Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
  const route = typeof found === 'function' ? { answer: found } : found;
  const refusal = route?.open ? undefined : access.refusesToken(headers);
  if (refusal && !(url && route?.refused)) return REFUSED[refusal];
  if (!url || !route) return json(404, { error: `use ${Object.keys(routes).join(', ')}` });
  const { method = 'GET' } = route;
  const isRight = request.method === method || (method === 'GET' && request.method === 'HEAD');
  if (!isRight) return { ...json(405, { error: `use ${method}` }), headers: { allow: method } };
  for (const [name, value] of Object.entries(SAFE)) response.setHeader(name, value);
  return refusal && route.refused
    ? route.refused(url, request, response)
    : route.answer(url, request, response);
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
