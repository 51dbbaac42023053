// One HTTP request to one Consul address, through the `consul` client; its errors leave their secrets here.
import { EventEmitter } from 'node:events';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import Consul from 'consul';
import type { ConsulSettings } from '../config/environment.js';
import { RequestFailure, toFailure } from './request-failure.js';

/** Status 200, with the body decoded from JSON. */
export interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface ServiceQuery {
  readonly consistent?: boolean;
  /** Has Consul leave every row out: the index alone is wanted. */
  readonly indexOnly?: boolean;
  /** Blocks while the service's index is at or below this one; never '0'. */
  readonly index?: string;
  /** Longest time to block, in milliseconds; Consul adds up to a sixteenth. */
  readonly waitMs?: number;
}

/** What a token may do to what; `name` is the service's or the node's, '' is any node (`node_prefix ""`). */
export interface Question {
  readonly resource: 'service' | 'node';
  readonly access: 'read' | 'write';
  readonly name: string;
}

/** One address of Consul. Both calls throw RequestFailure and nothing else. */
export interface Endpoint {
  readonly address: string;
  /** `GET /v1/health/service/:name`, within `timeoutMs`. */
  readService(service: string, query: ServiceQuery, secret: Secret, timeoutMs: number): Promise<Answer>;
  /** `POST /v1/internal/acl/authorize`: may this token do that? Within `timeoutMs`. */
  authorize(questions: readonly Question[], secret: Secret, timeoutMs: number): Promise<Answer>;
  close(): void;
}

/** A tag that nobody has: Consul looks at tags first, and the index stays the service's (1.8.7). */
const NOBODY = 'iri-lb-index-only';

type Secret = string | undefined;

/** What we use of papi, under the client, and what its types leave out. */
interface Papi {
  _ext(event: 'onRequest', extension: (request: PapiRequest, next: () => void) => void): void;
  _post(options: object): Promise<IncomingMessage & { readonly body?: unknown }>;
}
interface PapiRequest {
  transport: { request(options: http.RequestOptions): http.ClientRequest };
}

/** A client for one base address (`https://host:port`). It keeps no connection between requests. */
export function makeEndpoint(address: string, settings: ConsulSettings): Endpoint {
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  const { namespace, datacenter } = settings;
  const agent = makeAgent(url, settings.tls);
  const options = {
    host: url.hostname,
    port: Number(url.port) || (secure ? 443 : 80),
    secure,
    agent,
    // The client's types know `ns`, but it never sends it.
    headers: namespace === undefined ? {} : { 'x-consul-namespace': namespace },
  };
  const consul = new Consul(options);
  const papi = consul as unknown as Papi;
  papi._ext('onRequest', failWhenCutOff);

  const attempt = async (secret: Secret, timeoutMs: number, run: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await run();
    } catch (error) {
      throw toFailure(error, secret, timeoutMs);
    }
  };

  return {
    address,
    readService: (service, { consistent = false, indexOnly = false, index, waitMs }, secret, timeoutMs) =>
      attempt(secret, timeoutMs, async () => {
        const query = {
          service,
          consistent,
          timeout: timeoutMs,
          ctx: Object.assign(new EventEmitter(), { includeResponse: true }),
          ...(secret === undefined ? {} : { token: secret }),
          ...(datacenter === undefined ? {} : { dc: datacenter }),
          ...(indexOnly ? { tag: NOBODY } : {}),
          ...(index === undefined ? {} : { index, wait: `${waitMs ?? 0}ms` }),
        };
        // With a context that asks for it, the answer is [response, body], which the types do not say.
        const [response, body] = (await consul.health.service(query)) as [IncomingMessage, unknown];
        return accept(response, body);
      }),
    authorize: (questions, secret, timeoutMs) =>
      attempt(secret, timeoutMs, async () => {
        const scope = namespace === undefined ? {} : { Namespace: namespace };
        const response = await papi._post({
          name: 'acl.authorize',
          path: '/internal/acl/authorize',
          query: datacenter === undefined ? {} : { dc: datacenter },
          headers: secret === undefined ? {} : { 'x-consul-token': secret },
          type: 'json',
          body: questions.map(({ resource, access, name }) => ({
            Resource: resource,
            Access: access,
            Segment: name,
            ...scope,
          })),
          timeout: timeoutMs,
        });
        return accept(response, response.body);
      }),
    close: () => agent.destroy(),
  };
}

/** No keep-alive: a function frozen between runs finds its kept connections dead. */
function makeAgent(url: URL, { ca, cert, key, serverName }: ConsulSettings['tls']): http.Agent {
  // papi hands the brackets of an IPv6 literal on to the resolver; the agent's own host wins over that.
  const host = url.hostname.startsWith('[') ? { host: url.hostname.slice(1, -1) } : {};
  if (url.protocol !== 'https:') return new http.Agent({ keepAlive: false, ...host });
  return new https.Agent({
    keepAlive: false,
    ...host,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  });
}

/** papi waits for the end of an answer only, and one that is cut off has none: it would sit out its timeout. */
function failWhenCutOff(request: PapiRequest, next: () => void): void {
  const { transport } = request;
  request.transport = {
    request: (options) => {
      const sent = transport.request(options);
      sent.once('response', (response) =>
        response.once('error', () => sent.emit('error', new Error('the answer was cut off'))),
      );
      return sent;
    },
  };
  next();
}

/** The client takes any 2xx for success; only 200 is an answer. */
function accept(response: IncomingMessage, body: unknown): Answer {
  const { statusCode = 0, headers } = response;
  if (statusCode !== 200) throw new RequestFailure(`status ${statusCode}`, statusCode, false);
  return { headers, body };
}
