// Reads Consul's catalog: addresses in turn, one retry, one deadline, and never a smaller catalog for an error.
import type { ConsulSettings } from '../config/consul-environment.js';
import type { Clock } from '../model/clock.js';
import { failureOf, messageOf } from '../model/errors.js';
import { showMs } from '../model/text.js';
import {
  blockingQuery,
  isUnasked,
  type MayRead,
  mayReadFrom,
  parseRead,
  parseRights,
  type ServiceAnswer,
} from './answers.js';
import { type Endpoint, makeEndpoint } from './endpoint.js';
import { ConsulError } from './errors.js';
import type { HttpDeps } from './http.js';
import { RequestFailure } from './request-failure.js';
import type { TokenSource } from './token.js';

export interface ConsulClientOptions {
  readonly settings: ConsulSettings;
  readonly token: TokenSource;
  /** Longest time one read may take, all tries together, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Told, in one line, of what failed and was tried again. */
  readonly log?: (line: string) => void;
  /** How the world is reached. */
  readonly http?: HttpDeps;
}

export interface ReadOptions {
  /** Asks a quorum (`?consistent`), for the second look before a large removal. */
  readonly consistent?: boolean;
  /** Waits, bounded, until the service's index is at least this one (blocking query). */
  readonly minIndex?: string;
}

/** What runs ask of Consul. Every failure is a thrown ConsulError; an error is never an empty list. */
export interface ConsulClient {
  /** Where the token comes from (`parameter /iri-lb/token`), for messages. */
  readonly tokenName: string;
  readService(service: string, options?: ReadOptions): Promise<ServiceAnswer>;
  /** The service's `X-Consul-Index` as it is now, without its rows. */
  readIndex(service: string): Promise<string>;
  mayRead(service: string): Promise<MayRead>;
  /** Fetches the token again; true: it is another one than before. Throws when it cannot be fetched. */
  renewToken(): Promise<boolean>;
  /** Ends connections that are still open; further reads fail. */
  close(): void;
}

/** An answer of a server that has not heard of the leader for longer is asked for again, of a quorum. */
const OLD_MS = 5_000;
/** Before the second try, in milliseconds: half of this to one and a half times this. */
const RETRY_DELAY_MS = 250;

/**
 * A client for all of `settings.addresses`. Each read tries the addresses in turn, the one that answered
 * last first, and all of them once more after a short pause when a failure may pass (connection, 429,
 * 500, 502, 503, 504). The time left is shared out among the addresses left, so a silent one cannot use it up.
 * On 403 the token is fetched again, once, and the others are asked: an agent may lag behind. A server that knows no
 * leader has not answered. Everything that fails is a ConsulError.
 */
export function makeConsulClient(options: ConsulClientOptions): ConsulClient {
  const { settings, timeoutMs, clock, random, log } = options;
  const endpoints = settings.addresses.map((address) => makeEndpoint(address, settings, options.http));
  let preferred = 0;

  async function ask<T>(service: string, request: Request<T>): Promise<T> {
    const deadline = clock.monotonicMs() + timeoutMs;
    const secrets = tokenForOneRead(options.token);
    const failures: Failures = new Map();
    let tried = '';
    for (let round = 1; ; round += 1) {
      for (let turn = 0; turn < endpoints.length; turn += 1) {
        const index = (preferred + turn) % endpoints.length;
        const endpoint = endpoints[index];
        const remaining = (): number => (deadline - clock.monotonicMs()) / (endpoints.length - turn);
        if (endpoint === undefined) continue;
        try {
          const answer = await secrets.use((secret) => {
            const budgetMs = remaining();
            if (budgetMs <= 0) throw new RequestFailure(`not within ${showMs(timeoutMs)}`, undefined, true);
            return request(endpoint, secret, budgetMs);
          });
          preferred = index;
          if (tried !== '') log?.(`consul: service ${service}: ${tried}; answered at the second try`);
          return answer;
        } catch (error) {
          if (!(error instanceof RequestFailure)) {
            const { detail, nextStep } = failureOf(error);
            throw new ConsulError(service, detail, nextStep);
          }
          note(failures, endpoint.address, error);
        }
      }
      const text = [...failures].map(([address, { message }]) => `${address}: ${message}`).join('; ');
      const pauseMs = RETRY_DELAY_MS * (0.5 + random());
      const again = round === 1 && [...failures.values()].some(({ transient }) => transient);
      if (!again || clock.monotonicMs() + pauseMs >= deadline) {
        const all = [...failures.values()];
        throw new ConsulError(service, text, nextStep(all, options), all);
      }
      tried = text;
      await clock.sleep(pauseMs);
    }
  }

  return {
    tokenName: options.token.name,
    readService: async (service, { consistent = false, minIndex } = {}) => {
      const read = (ofQuorum: boolean): Promise<ServiceAnswer> =>
        ask(service, async (endpoint, secret, budgetMs) => {
          const query = { consistent: ofQuorum, ...blockingQuery(minIndex, budgetMs) };
          return parseRead(await endpoint.readService(service, query, secret, budgetMs));
        });
      const answer = await read(consistent);
      return consistent || answer.lastContactMs <= OLD_MS ? answer : read(true);
    },
    readIndex: (service) =>
      ask(service, async (endpoint, secret, budgetMs) => {
        const answer = await endpoint.readService(service, { indexOnly: true }, secret, budgetMs);
        return parseRead(answer).index;
      }),
    mayRead: (service) =>
      ask(service, async (endpoint, secret, budgetMs): Promise<MayRead> => {
        const questions = [
          { resource: 'service', access: 'read', name: service },
          { resource: 'node', access: 'read', name: '' },
        ] as const;
        return mayReadFrom(await parseRights(endpoint.authorize(questions, secret, budgetMs), 2));
      }).catch((error: unknown): MayRead => {
        if (error instanceof ConsulError && isUnasked(error.failures)) return 'unknown';
        throw error;
      }),
    renewToken: async () => {
      const before = await options.token.get();
      return (await options.token.refresh()) !== before;
    },
    close: () => {
      for (const endpoint of endpoints) endpoint.close();
    },
  };
}

type Request<T> = (endpoint: Endpoint, secret: string | undefined, budgetMs: number) => Promise<T>;

/** By address. */
type Failures = Map<string, RequestFailure>;

/**
 * Without a leader, Consul answers after 7 s, and the second try runs out of time: getting no answer
 * says less than what was answered to the first.
 */
function note(failures: Failures, address: string, failure: RequestFailure): void {
  const unanswered = failure.status === undefined && failure.transient;
  if (unanswered && failures.get(address)?.status !== undefined) return;
  failures.set(address, failure);
}

/** Runs requests with the token; on the first 403 fetches it again, and repeats if it is another one. */
function tokenForOneRead(token: TokenSource) {
  let refreshed = false;
  return {
    async use<T>(request: (secret: string | undefined) => Promise<T>): Promise<T> {
      const secret = await token.get();
      try {
        return await request(secret);
      } catch (error) {
        if (!(error instanceof RequestFailure) || error.status !== 403 || refreshed) throw error;
        refreshed = true;
        const fresh = await token.refresh().catch((problem: unknown) => {
          const text = `${error.message}, and the token cannot be renewed (${messageOf(problem)})`;
          throw new RequestFailure(text, error.status, false);
        });
        if (fresh === secret) throw error;
        return await request(fresh);
      }
    },
  };
}

function nextStep(failures: readonly RequestFailure[], { token, settings }: ConsulClientOptions): string {
  const statuses = new Set(failures.map(({ status }) => status));
  const says = (words: RegExp): boolean => failures.some(({ message }) => words.test(message));
  if (says(/No path to datacenter/i)) return 'check CONSUL_DATACENTER: Consul knows no such datacenter';
  if (says(/knows no leader|No cluster leader/i) || statuses.has(500)) return 'has Consul a leader?';
  if (statuses.has(403)) return `check the token in ${token.name}: Consul does not take it`;
  if (statuses.has(401)) return 'check CONSUL_HTTP_AUTH: what is in front of Consul asks for a user';
  if (statuses.has(429) || statuses.has(503)) return 'Consul limits its clients; the next run tries again';
  if (statuses.has(502) || statuses.has(504))
    return 'what is in front of Consul got no answer of it: is Consul up there?';
  if (statuses.has(400)) return 'check CONSUL_NAMESPACE, CONSUL_PARTITION and CONSUL_DATACENTER';
  if (failures.some(({ isTls }) => isTls))
    return 'check CONSUL_CACERT, CONSUL_CLIENT_CERT and CONSUL_TLS_SERVER_NAME';
  if (says(/does not resolve/))
    return 'correct the name in CONSUL_HTTP_ADDR, or the name server of this host';
  if (says(/too large/)) return 'is this Consul, and does somebody register without end?';
  if (says(/hang up|ECONNRESET|cut off/))
    return 'is this Consul, is it up, and does its agent limit connections (http_max_conns_per_client)?';
  const hasPath = settings.addresses.some(
    (address) => !address.startsWith('unix:') && new URL(address).pathname !== '/',
  );
  return `is this Consul, is it up, and is CONSUL_HTTP_ADDR right${hasPath ? ', its path included' : ''}?`;
}
