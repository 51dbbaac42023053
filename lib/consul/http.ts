// The one HTTP client to Consul: requests to one address, through the transport of the `consul` package.
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import Consul from 'consul';
import type { ConsulSettings } from '../config/consul-environment.js';
import { messageOf } from '../model/errors.js';
import { type AnswerBudget, type AnswerBytes, UNBOUNDED } from '../model/memory.js';
import { basicAuth, secretsOf, toFailure } from './request-failure.js';

export interface HttpRequest {
  readonly method: string;
  /** `/v1/…`, its parts encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON, whole: the package's own calls leave out what they do not know, `Weights` for one. */
  readonly body?: unknown;
  /** The token, sent in a header; undefined or empty: none. */
  readonly secret: string | undefined;
  /** Longest time until the end of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest body that is taken, in bytes, where that is less than the client's budget allows. */
  readonly maxBytes?: number;
  /** Told of status and headers as soon as they are there. */
  readonly onHead?: (status: number, headers: IncomingHttpHeaders) => void;
  /** Its connection serves the next request, too, which has to follow at once; where the client keeps connections. */
  readonly isFollowed?: boolean;
}

/** A whole answer, whatever its status: who asked knows which of them is a success. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpClient {
  readonly address: string;
  /** Throws RequestFailure and nothing else, where there is no whole answer in time. It never holds the secret. */
  request(request: HttpRequest): Promise<HttpReply>;
  /** Ends requests that are under way; they fail. */
  close(): void;
}

/** What we use of papi, under the package, and what the types of both leave out. */
interface Papi {
  _request(options: object): Promise<IncomingMessage & { readonly body?: Buffer }>;
}
interface PapiRequest {
  transport: { request(options: http.RequestOptions): http.ClientRequest };
  err?: { readonly isResponse?: boolean };
}
type PapiStep = (request: PapiRequest, next: () => void) => void;

const NOTHING = Buffer.alloc(0);

/** How the world is reached; all of it has defaults for tools that speak to what they started themselves. */
export interface HttpDeps {
  /** Resolves the address's host name; as Node does by default. */
  readonly lookup?: LookupFunction;
  /** Bounds what is answered; unbounded by default. */
  readonly budget?: AnswerBudget;
  /** Whether a request may use the connection of the one that it follows; by default each has one of its own. */
  readonly keepsConnections?: boolean;
}

type HttpSettings = Pick<ConsulSettings, 'tls' | 'namespace' | 'partition' | 'auth'>;

/**
 * A client for one base address (`https://host:port/path`, `unix:/path`). It keeps no connection beyond a request that is
 * not followed by another one.
 */
export function makeHttpClient(
  address: string,
  { tls, namespace, partition, auth }: HttpSettings,
  { lookup, budget = UNBOUNDED, keepsConnections = false }: HttpDeps = {},
): HttpClient {
  const socketPath = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
  const baseUrl = socketPath === undefined ? address : 'http://localhost';
  const agent = makeAgent(new URL(baseUrl), tls, {
    keepAlive: keepsConnections,
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(lookup ? { lookup } : {}),
  });
  const options = {
    baseUrl,
    agent,
    headers: {
      // The package's own option `ns` is in its types, and never sent.
      ...(namespace === undefined ? {} : { 'x-consul-namespace': namespace }),
      ...(partition === undefined ? {} : { 'x-consul-partition': partition }),
      ...(auth === undefined ? {} : { authorization: `Basic ${basicAuth(auth)}` }),
    },
  };
  const papi = new Consul(options) as unknown as Papi;

  return {
    address,
    request: async ({
      secret,
      timeoutMs,
      maxBytes = Number.POSITIVE_INFINITY,
      onHead,
      isFollowed = false,
      ...request
    }) => {
      const bytes = budget.begin();
      try {
        const { statusCode, headers, body } = await papi._request({
          ...request,
          query: partition === undefined ? request.query : { partition, ...request.query },
          type: 'json',
          headers: {
            ...(secret ? { 'x-consul-token': secret } : {}),
            ...(isFollowed ? {} : { connection: 'close' }),
          },
          // papi waits for ever where this is not above 0.
          timeout: Math.max(timeoutMs, 1),
          // Who asked decodes it, where it is what was asked for.
          buffer: true,
          exts: { onRequest: failEarly(bytes, maxBytes, onHead), onResponse: takeAnyStatus },
        });
        return { status: statusCode ?? 0, headers, body: body ?? NOTHING };
      } catch (error) {
        throw toFailure(error, secretsOf(secret, auth), timeoutMs);
      } finally {
        bytes.end();
      }
    },
    close: () => agent.destroy(),
  };
}

/** By default no keep-alive: a function frozen between runs finds its kept connections dead. */
function makeAgent(
  url: URL,
  { ca, cert, key, serverName, isUnverified }: ConsulSettings['tls'],
  reach: { readonly keepAlive: boolean; readonly socketPath?: string; readonly lookup?: LookupFunction },
): http.Agent {
  // papi hands the brackets of an IPv6 literal on to the resolver; the agent's own host wins over that.
  const host = url.hostname.startsWith('[') ? { host: url.hostname.slice(1, -1) } : {};
  return url.protocol === 'https:'
    ? new https.Agent({
        ...host,
        ...reach,
        ca,
        cert,
        key,
        servername: serverName,
        rejectUnauthorized: isUnverified !== true,
      })
    : new http.Agent({ ...host, ...reach });
}

/**
 * papi waits for the end of an answer only, and collects all that comes until then. One that is cut off has
 * no end, and would sit out its timeout; one that is too long is given up as soon as that shows.
 */
function failEarly(bytes: AnswerBytes, maxBytes: number, onHead: HttpRequest['onHead']): PapiStep {
  return (request, next) => {
    const { transport } = request;
    request.transport = {
      request: (options) => {
        const sent = transport.request(options);
        const fail = (text: string): void => {
          sent.emit('error', new Error(text));
          sent.destroy();
        };
        sent.once('response', (response) => {
          onHead?.(response.statusCode ?? 0, response.headers);
          let length = 0;
          response.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > maxBytes) return fail('the answer is too large');
            try {
              bytes.hold(length);
            } catch (error) {
              fail(messageOf(error));
            }
          });
          response.once('error', () => fail('the answer was cut off'));
        });
        return sent;
      },
    };
    next();
  };
}

/** papi takes 2xx for success and all else for an error; neither is what Consul's answers mean. */
const takeAnyStatus: PapiStep = (request, next) => {
  if (request.err?.isResponse) delete request.err;
  next();
};
