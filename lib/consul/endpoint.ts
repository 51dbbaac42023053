// What runs ask of one Consul address: a service's instances, and what the token may do.
import type { IncomingHttpHeaders } from 'node:http';
import type { ConsulSettings } from '../config/consul-environment.js';
import { type HttpDeps, type HttpReply, type HttpRequest, makeHttpClient } from './http.js';
import { RequestFailure, type Secrets, secretsOf, toRefusal } from './request-failure.js';

/** Status 200, with the body decoded from JSON. */
export interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** The same, taken apart when it is asked for. */
export interface SentAnswer {
  /** Of the body. */
  readonly bytes: number;
  /** Throws RequestFailure where it is no answer. */
  decode(): Answer;
}

export interface ServiceQuery {
  readonly consistent?: boolean;
  /** Has Consul leave every row out: the index alone is wanted. */
  readonly indexOnly?: boolean;
  /** The same of a query that blocks: with a tag it would not see checks change (1.8.7). */
  readonly noRows?: boolean;
  /** Blocks while the service's index is at or below this one; never '0'. */
  readonly index?: string;
  /** Longest time to block, in milliseconds; Consul adds up to a sixteenth. */
  readonly waitMs?: number;
  /** The next request follows at once, and may use its connection. */
  readonly isFollowed?: boolean;
  /** Told of status and headers as soon as they are there. */
  readonly onHead?: HttpRequest['onHead'];
}

/** What a token may do to what; `name` is the service's or the node's, '' is any node (`node_prefix ""`). */
export interface Question {
  readonly resource: 'service' | 'node';
  readonly access: 'read' | 'write';
  readonly name: string;
}

type Secret = string | undefined;

/** One address of Consul. All calls throw RequestFailure and nothing else. */
export interface Endpoint {
  readonly address: string;
  /** `GET /v1/health/service/:name`, within `timeoutMs`. */
  readService(service: string, query: ServiceQuery, secret: Secret, timeoutMs: number): Promise<Answer>;
  /** The same, which leaves it to the caller when to decode it. */
  readServiceSent(
    service: string,
    query: ServiceQuery,
    secret: Secret,
    timeoutMs: number,
  ): Promise<SentAnswer>;
  /** `POST /v1/internal/acl/authorize`: may this token do that? Within `timeoutMs`. */
  authorize(questions: readonly Question[], secret: Secret, timeoutMs: number): Promise<Answer>;
  /** `GET /v1/catalog/services`: every service that the token may read, with its tags. Within `timeoutMs`. */
  listServices(secret: Secret, timeoutMs: number): Promise<Answer>;
  close(): void;
}

/** A tag that nobody has: Consul looks at tags first, and the index stays the service's (1.8.7). */
const NOBODY = 'iri-lb-index-only';

/** The reads of one base address (`https://host:port`). */
export function makeEndpoint(address: string, settings: ConsulSettings, deps: HttpDeps = {}): Endpoint {
  const client = makeHttpClient(address, settings, deps);
  const { namespace, partition, datacenter, auth } = settings;
  const inDatacenter: Readonly<Record<string, string>> = datacenter === undefined ? {} : { dc: datacenter };
  const inNamespace = {
    ...(namespace === undefined ? {} : { Namespace: namespace }),
    ...(partition === undefined ? {} : { Partition: partition }),
  };

  async function readServiceSent(
    service: string,
    asked: ServiceQuery,
    secret: Secret,
    timeoutMs: number,
  ): Promise<SentAnswer> {
    const { consistent, indexOnly, noRows, index, waitMs, isFollowed = false, onHead } = asked;
    const query = {
      ...(indexOnly ? { tag: NOBODY } : {}),
      ...(noRows ? { filter: `Service.ID == "${NOBODY}"` } : {}),
      ...inDatacenter,
      ...(consistent ? { consistent: '1' } : {}),
      ...(index === undefined ? {} : { index, wait: `${waitMs ?? 0}ms` }),
    };
    const path = `/v1/health/service/${encodeURIComponent(service)}`;
    const early = onHead ? { onHead } : {};
    const reply = await client.request({
      method: 'GET',
      path,
      query,
      secret,
      timeoutMs,
      isFollowed,
      ...early,
    });
    return { bytes: reply.body.length, decode: () => toAnswer(reply, secretsOf(secret, auth)) };
  }

  return {
    address,
    readService: async (...asked) => (await readServiceSent(...asked)).decode(),
    readServiceSent,
    listServices: async (secret, timeoutMs) => {
      const path = '/v1/catalog/services';
      const reply = await client.request({ method: 'GET', path, query: inDatacenter, secret, timeoutMs });
      return toAnswer(reply, secretsOf(secret, auth));
    },
    authorize: async (questions, secret, timeoutMs) => {
      const reply = await client.request({
        method: 'POST',
        path: '/v1/internal/acl/authorize',
        query: inDatacenter,
        body: questions.map(({ resource, access, name }) => ({
          Resource: resource,
          Access: access,
          Segment: name,
          ...inNamespace,
        })),
        secret,
        timeoutMs,
      });
      return toAnswer(reply, secretsOf(secret, auth));
    },
    close: client.close,
  };
}

/** Only 200 is an answer, and only with JSON. */
function toAnswer(reply: HttpReply, secrets: Secrets): Answer {
  if (reply.status !== 200) throw toRefusal(reply, secrets);
  try {
    const { headers, body } = reply;
    return { headers, body: JSON.parse(body.toString()) };
  } catch {
    // The parser's own error shows the body.
    throw new RequestFailure('the answer is not JSON', reply.status, false);
  }
}
