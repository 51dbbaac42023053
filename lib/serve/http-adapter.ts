// Both functions over HTTP, for whatever triggers them in place of Lambda: Knative, Cloud Run, OpenFaaS, a timer.
import { randomUUID } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import { type BearerToken, isBearer } from '../config/bearer-token.js';
import { asksForDoctor } from '../doctor/consult.js';
import { keepRoom } from '../forwarder/connections.js';
import { hostOf } from '../forwarder/server.js';
import { BUILD } from '../model/build.js';
import type { Clock } from '../model/clock.js';
import { messageOf } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { parseWatchEvent } from '../model/watch-event.js';
import type { HandlerContext } from '../run/handler.js';
import { MAX_EVENT_BYTES, readEvent } from './event-body.js';
import { makeTurns, type Turns } from './turns.js';

type Name = 'watch' | 'resync';
type Handler = (event: unknown, context: HandlerContext) => Promise<unknown>;

export interface AdapterOptions {
  readonly handlers: Readonly<Record<Name, Handler>>;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** Read for each request, so that a new one counts at once; absent: requests to this machine need none. */
  readonly token?: () => BearerToken;
  /** Told, in one line, of what only whoever runs the adapter can mend. */
  readonly log: (line: string) => void;
  /** Longest time of a run, in milliseconds; the functions' own by default. */
  readonly timeoutMs?: number;
}

export interface Adapter {
  readonly server: http.Server;
  /** Takes no more requests, and resolves when those that were taken are answered. */
  stop(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As the stack has it for the functions. */
const RUN_MS = 45_000;
/** Events say look, never what: a few that wait see all that there is to see. */
const MOST_WAITING = 16;
/** For a request to come in whole, and its head alone; in milliseconds. */
const REQUEST_MS = 10_000;
const HEAD_MS = 2_000;
/** How often Node looks for those that are slower. */
const CHECK_MS = 500;

const refuse = (status: number, error: string): Reply => ({ status, body: { error } });

/**
 * `POST /watch` and `POST /resync` run the function on the event in the body, and answer when it is over: 200 with
 * its result, 500 with `errorType` and `errorMessage` where it failed. As with Lambda and a reserved concurrency of 1,
 * each function runs once at a time, and the two beside each other; 16 requests wait at most, more are answered 429.
 * `GET /health` is 503 while the last run of either failed. `GET /live` needs no token.
 */
export function makeAdapter(given: AdapterOptions): Adapter {
  const { clock, handlers } = given;
  const options = { ...given, log: whatIsNew(given.log) };
  let stopping = false;
  const turns = { watch: makeTurns(clock, MOST_WAITING), resync: makeTurns(clock, MOST_WAITING) };
  const server = http.createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: HEAD_MS, connectionsCheckingInterval: CHECK_MS },
    (request, response) => {
      handle(request, options, turns)
        .catch(() => refuse(400, 'the request was cut off'))
        .then(({ status, body, headers }) => {
          const last = request.complete && !stopping ? {} : { connection: 'close' };
          response.writeHead(status, { 'content-type': 'application/json', ...headers, ...last });
          response.end(request.method === 'HEAD' ? '' : `${JSON.stringify(body)}\n`);
        });
    },
  );
  keepRoom(server);
  return {
    server,
    stop: async () => {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all(Object.keys(handlers).map((name) => turns[name as Name].idle()));
      server.closeIdleConnections();
      await closed;
    },
  };
}

async function handle(
  request: IncomingMessage,
  options: AdapterOptions,
  turns: Readonly<Record<Name, Turns>>,
): Promise<Reply> {
  const { method, url = '/' } = request;
  const path = url.split('?', 1)[0] ?? '/';
  const reads = method === 'GET' || method === 'HEAD';
  const refused = refusal(request, options, path === '/live');
  if (refused) return refused;
  if (path === '/live') return reads ? { status: 200, body: { live: true } } : refuse(405, 'use GET');
  if (path === '/health') return reads ? health(turns) : refuse(405, 'use GET');
  const name = path.slice(1);
  if (name !== 'watch' && name !== 'resync')
    return refuse(404, 'use POST /watch, POST /resync, GET /health or GET /live');
  if (method !== 'POST') return refuse(405, 'use POST');
  const body = await readEvent(request);
  if (body === 'too large') return refuse(413, `more than ${MAX_EVENT_BYTES} bytes`);
  if (body === 'junk') return refuse(400, 'the body is not JSON; leave it empty to look at all');
  const { event } = body;
  const wrong = name === 'watch' ? wrongEvent(event) : undefined;
  if (wrong !== undefined) return refuse(400, wrong);
  const work = () => options.handlers[name](event, contextOf(name, options));
  const run = turns[name].take(work, !asksForDoctor(event));
  if (!run)
    return { ...refuse(429, `${MOST_WAITING} requests wait already`), headers: { 'retry-after': '1' } };
  return run.then((result) => ({ status: 200, body: Object(result) }), failed);
}

/** Who may ask: whoever knows the token, and without one whoever is on this machine and is no web page. */
function refusal(request: IncomingMessage, { token, log }: AdapterOptions, open: boolean): Reply | undefined {
  if (request.headers.origin !== undefined) return refuse(403, 'no browsers');
  if (token === undefined)
    return isLoopback(hostOf(request))
      ? undefined
      : refuse(403, 'Host is not this machine; give IRI_LB_TOKEN_FILE');
  if (open) return undefined;
  const read = token();
  if ('refused' in read) {
    log(`http: IRI_LB_TOKEN_FILE ${read.refused}; nobody is let in`);
    return refuse(503, 'the token file cannot be used now; the log says why');
  }
  if (isBearer(request.headers.authorization, read.token)) return undefined;
  const headers = { 'www-authenticate': 'Bearer' };
  return { ...refuse(401, 'send "Authorization: Bearer" with the token of IRI_LB_TOKEN_FILE'), headers };
}

function health(turns: Readonly<Record<Name, Turns>>): Reply {
  const [watch, resync] = [turns.watch.status(), turns.resync.status()];
  const well = watch.lastError === null && resync.lastError === null;
  return { status: well ? 200 : 503, body: { ...BUILD, watch, resync } };
}

function failed(error: unknown): Reply {
  const errorType = error instanceof Error ? error.name : 'Error';
  return { status: 500, body: { errorType, errorMessage: messageOf(error) } };
}

/** What is wrong with an event that names something; the fault of whoever sent it, and no run's. */
function wrongEvent(event: unknown): string | undefined {
  try {
    parseWatchEvent(event);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Not again what was said last: anybody may ask, as often as they like. */
function whatIsNew(log: (line: string) => void): (line: string) => void {
  let said = '';
  return (line) => {
    if (line !== said) log(line);
    said = line;
  };
}

/** What Lambda would hand to the function. */
function contextOf(name: Name, { clock, timeoutMs = RUN_MS }: AdapterOptions): HandlerContext {
  const deadline = clock.monotonicMs() + timeoutMs;
  return {
    awsRequestId: randomUUID(),
    functionName: `iri-lb-${name}`,
    getRemainingTimeInMillis: () => Math.max(0, deadline - clock.monotonicMs()),
  };
}
