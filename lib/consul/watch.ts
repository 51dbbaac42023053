// Watches one service with blocking queries: tells when it may have changed, and survives whatever Consul does.
import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate as nextTurn, setTimeout as sleepFor } from 'node:timers/promises';
import type { ConsulSettings } from '../config/consul-environment.js';
import { failureOf, messageOf } from '../model/errors.js';
import { isLeaderless, parseRead, type ServiceAnswer } from './answers.js';
import { type Endpoint, makeEndpoint } from './endpoint.js';
import type { HttpDeps } from './http.js';
import { RequestFailure } from './request-failure.js';
import type { TokenSource } from './token.js';
import { type ComingRows, type PromisedRows, promisedRows } from './told-rows.js';

export interface WatchDeps {
  readonly settings: ConsulSettings;
  readonly token: TokenSource;
  /** Longest wait for an answer beyond the time for which the query blocks, in milliseconds. */
  readonly answerMs: number;
  /** Milliseconds, by a clock that never jumps. */
  readonly now: () => number;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Told, in one line, when it cannot be watched, and when it can again. */
  readonly log: (line: string) => void;
  readonly http?: HttpDeps;
  /** How long a query blocks, in milliseconds. */
  readonly waitMs?: number;
  /** Whether rows are asked for where they are few; by default the index alone. */
  readonly asksForRows?: boolean;
}

export interface Watch {
  readonly service: string;
  /** Why it is not watched just now; undefined: it is. */
  error(): string | undefined;
  /** Gives up the query that is under way, and asks anew: its connection may be of before a sleep. */
  restart(): void;
  close(): void;
}

/** Below the minute after which proxies cut silent connections, a sixteenth of it included that Consul adds. */
const WAIT_MS = 50_000;
/**
 * Rows come with the answer where they are few, so that a run need not ask for them again; of more, most would be
 * sent in vain while the service changes all the time.
 */
const FEW_BYTES = 262_144;
/** For so long no rows are asked for, once they were many or did not come, in milliseconds. */
const ROWS_PAUSE_MS = 600_000;
/** After each answer, so that a service that changes all the time is not asked all the time. */
const REST_MS = 10;
/** After the first failure, doubled up to the longest. */
const FIRST_PAUSE_MS = 100;
/** Who is not there is asked every second: it may be back, and nothing else tells us. */
const LONGEST_PAUSE_MS = 1_000;
/** Who limits or refuses us is left alone for longer. */
const REFUSED_PAUSE_MS = 10_000;

/**
 * What is told: the service's index, and the rows of that answer where they come with it. Gives whether it wants these;
 * they do not come otherwise.
 */
export type OnChange = (version: string, rows?: ComingRows) => boolean;

/**
 * Calls `onChange` with the service's index at first, whenever the index is another one, and whenever Consul answers
 * after it did not: what happened meanwhile nobody tells. Consul's index goes backwards when it is restored or has
 * lost its data; then it is asked without one (Consul's documentation, "Blocking Queries").
 */
export function watchService(service: string, deps: WatchDeps, onChange: OnChange): Watch {
  const { settings, token, answerMs, now, random, log, waitMs = WAIT_MS, asksForRows = false } = deps;
  const endpoints = settings.addresses.map((address) =>
    makeEndpoint(address, settings, { ...deps.http, keepsConnections: true }),
  );
  const stop = new AbortController();
  let error: string | undefined;
  let told: string | undefined;
  let preferred = 0;
  let restarts = 0;
  let rowsFrom = 0;
  /** Queries for the index behind rows. */
  let underWay = 0;

  /** What the headers say is told before the answer is taken apart: who waits for it saves that time. */
  function tellEarly(status: number, headers: IncomingHttpHeaders, rows?: PromisedRows): void {
    const version = headers['x-consul-index'];
    if (status !== 200 || typeof version !== 'string' || isLeaderless(headers) || stop.signal.aborted) return;
    if (error === undefined && told !== undefined) tell(version, rows);
  }

  function tell(version: string, rows?: PromisedRows): void {
    if (version === told || !/^\d{1,20}$/.test(version)) return;
    told = version;
    const isWanted = onChange(version, rows?.coming);
    if (rows) rows.isWanted = isWanted;
  }

  /** The index, and the rows to whom they were promised. */
  async function ask(index: string | undefined, secret: string | undefined): Promise<string> {
    if (!asksForRows || index === undefined || now() < rowsFrom)
      return (await askInTurn(index, secret)).answer.index;
    const rows = promisedRows();
    try {
      const { answer, bytes } = await askInTurn(index, secret, rows);
      if (bytes > FEW_BYTES) rowsFrom = now() + ROWS_PAUSE_MS;
      return answer.index;
    } catch (failure) {
      if (rows.isBegun) rowsFrom = now() + ROWS_PAUSE_MS;
      rows.settle(undefined);
      throw failure;
    }
  }

  /** Of the address that answered last, or of the next that answers. */
  async function askInTurn(
    index: string | undefined,
    secret: string | undefined,
    rows?: PromisedRows,
  ): Promise<{ readonly answer: ServiceAnswer; readonly bytes: number }> {
    const failures: RequestFailure[] = [];
    for (let turn = 0; turn < endpoints.length && !stop.signal.aborted; turn += 1) {
      const at = (preferred + turn) % endpoints.length;
      const endpoint = endpoints[at];
      if (!endpoint) continue;
      const blocks = index === undefined || turn > 0 ? {} : { index, waitMs };
      const onHead = (status: number, headers: IncomingHttpHeaders): void => {
        if (rows && status === 200) rows.isBegun = true;
        tellEarly(status, headers, rows);
      };
      const query = { noRows: rows === undefined, isFollowed: rows !== undefined, onHead, ...blocks };
      const budgetMs = answerMs + (index === undefined ? 0 : waitMs * (17 / 16));
      try {
        const sent = await endpoint.readServiceSent(service, query, secret, budgetMs);
        const decode = once(() => parseRead(sent.decode()));
        if (rows?.isWanted) rows.settle({ decode, newest: readIndexSoon(endpoint, secret) });
        else rows?.settle(undefined);
        // Nobody follows on its connection.
        if (rows && !rows.isWanted && underWay === 0) endpoint.close();
        // Whoever was told is on the way to HAProxy by now, and takes them apart when there is time for it.
        if (rows) await rest(REST_MS);
        const answer = decode();
        preferred = at;
        return { answer, bytes: sent.bytes };
      } catch (failure) {
        if (!(failure instanceof RequestFailure)) throw failure;
        const text = `${endpoint.address}: ${failure.message}`;
        failures.push(new RequestFailure(text, failure.status, failure.transient, failure.isTls));
      }
    }
    const status = failures.find((failure) => failure.status !== undefined)?.status;
    throw new RequestFailure(failures.map(({ message }) => message).join('; '), status, true);
  }

  /** Asked after two turns of the loop, so that whoever was told sends its first line to HAProxy before that. */
  function readIndexSoon(endpoint: Endpoint, secret: string | undefined): Promise<string> {
    const ask = async (): Promise<string> => {
      await nextTurn();
      await nextTurn();
      if (stop.signal.aborted) throw new Error('closed');
      underWay += 1;
      try {
        return parseRead(await endpoint.readService(service, { indexOnly: true }, secret, answerMs)).index;
      } finally {
        underWay -= 1;
      }
    };
    const index = ask();
    index.catch(() => {});
    return index;
  }

  /** With the token as it is now; once more with a new one where Consul does not take it. */
  async function askWithToken(index: string | undefined): Promise<string> {
    const secret = await token.get();
    try {
      return await ask(index, secret);
    } catch (failure) {
      if (!(failure instanceof RequestFailure) || failure.status !== 403) throw failure;
      const fresh = await token.refresh();
      if (fresh === secret) throw failure;
      return ask(undefined, fresh);
    }
  }

  function failed(failure: unknown): void {
    const { detail } = failureOf(failure);
    if (error === undefined) log(`consul: service ${service} cannot be watched: ${detail}; it is asked on`);
    error = detail;
  }

  async function follow(): Promise<void> {
    let index: string | undefined;
    let failures = 0;
    let early = 0;
    while (!stop.signal.aborted) {
      const askedAt = now();
      const asked = restarts;
      const before = told;
      try {
        const answer = await askWithToken(index);
        if (stop.signal.aborted) return;
        if (error !== undefined) log(`consul: service ${service} is watched again`);
        error = undefined;
        failures = 0;
        const isNew = answer !== before;
        tell(answer);
        // Where nothing blocks (a cache in front of Consul), it is not asked all the time.
        early = isNew || index === undefined || now() - askedAt > waitMs / 2 ? 0 : early + 1;
        index = nextIndex(index, answer);
        await rest(early === 0 ? REST_MS : pauseMs(early, LONGEST_PAUSE_MS));
      } catch (failure) {
        if (stop.signal.aborted) return;
        index = undefined;
        told = undefined;
        if (asked !== restarts) continue;
        failures += 1;
        failed(failure);
        const isThere = failure instanceof RequestFailure && failure.status !== undefined;
        const isNoLeader = isThere && (failure.status === 500 || failure.status === 200);
        await rest(pauseMs(failures, isThere && !isNoLeader ? REFUSED_PAUSE_MS : LONGEST_PAUSE_MS));
      }
    }
  }

  const pauseMs = (nth: number, longest: number): number =>
    Math.min(longest, FIRST_PAUSE_MS * 2 ** Math.min(nth - 1, 20)) * (0.5 + random() / 2);
  const rest = (ms: number): Promise<unknown> =>
    sleepFor(ms, undefined, { signal: stop.signal }).catch(() => undefined);

  follow().catch((bug: unknown) => {
    error = messageOf(bug);
    log(`consul: service ${service} is watched no more: ${messageOf(bug)}`);
  });
  return {
    service,
    error: () => error,
    restart: () => {
      restarts += 1;
      for (const endpoint of endpoints) endpoint.close();
    },
    close: () => {
      stop.abort();
      for (const endpoint of endpoints) endpoint.close();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** What to wait beyond; undefined: nothing, as after the index went backwards. 0 would not block. */
function nextIndex(asked: string | undefined, answered: string): string | undefined {
  if (asked !== undefined && BigInt(answered) < BigInt(asked)) return undefined;
  return answered === '0' ? '1' : answered;
}
