// Serves one request to a stand-in node: the switch of its faults, and the IRI API with the fault of now.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerCommand, FAULTS, type Fault, isFault, type StandInNode } from './stand-in-answers.js';
import { breakAnswer } from './stand-in-faults.js';

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

/** A node as it is now, and what it has seen. */
export interface StandInState extends StandInNode {
  /** Answers as any web server, and knows no commands. */
  readonly isWeb: boolean;
  readonly powMs: number;
  readonly slowMs: number;
  fault: Fault;
  readonly requests: StandInRequest[];
  /** By command: requests in the node now, and the most there ever were. */
  readonly running: Map<string, number>;
  readonly peaks: Map<string, number>;
}

export function newState(node: Omit<StandInState, 'requests' | 'running' | 'peaks'>): StandInState {
  return { ...node, requests: [], running: new Map(), peaks: new Map() };
}

const MAX_BODY = 8 * 1024 * 1024;
const KEPT_BODY = 65_536;
const KEPT_REQUESTS = 1000;

/** Rejects when the request cannot be read. */
export async function serveRequest(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('X-Node-Name', state.name);
  const url = new URL(request.url ?? '/', 'http://stand-in');
  if (url.pathname === '/_fault') return switchFault(state, request, url.searchParams.get('name'), response);
  const text = await readBody(request);
  const body = parseObject(text);
  const command = typeof body.command === 'string' ? body.command : '';
  remember(state, request, text, command);
  count(state, command, response);

  if (breakAnswer(state.fault, command, response)) return;
  if (request.method === 'OPTIONS') return sendJson(response, 200, undefined);
  if (state.isWeb) return sendJson(response, state.fault === 'error' ? 500 : 200, { node: state.name });
  if (request.headers['x-iota-api-version'] === undefined) {
    return sendJson(response, 400, { error: 'Invalid API Version', duration: 0, node: state.name });
  }
  const { fault } = state;
  const slowMs = fault === 'slow' ? state.slowMs : 0;
  const works = command === 'attachToTangle' && answerCommand(state, fault, body, 0).status === 200;
  const delayMs = slowMs + (works ? state.powMs : 0);
  if (delayMs > 0) await sleep(delayMs);
  const answer = answerCommand(state, fault, body, delayMs);
  sendJson(response, answer.status, { ...answer.body, node: state.name });
}

/** `GET /_fault` lists the faults, `POST /_fault?name=unsynced` sets one. */
function switchFault(
  state: StandInState,
  { method }: IncomingMessage,
  wanted: string | null,
  response: ServerResponse,
): void {
  const known = wanted !== null && isFault(wanted);
  if (method === 'POST' && known) state.fault = wanted;
  const status = method === 'POST' && !known ? 400 : 200;
  sendJson(response, status, { node: state.name, fault: state.fault, faults: FAULTS });
}

function remember(
  { requests }: StandInState,
  { method = '', url: path = '', headers }: IncomingMessage,
  text: string,
  command: string,
): void {
  requests.push({ method, path, headers, body: text.slice(0, KEPT_BODY), command });
  if (requests.length > KEPT_REQUESTS) requests.shift();
}

function count({ running, peaks }: StandInState, command: string, response: ServerResponse): void {
  const active = (running.get(command) ?? 0) + 1;
  running.set(command, active);
  peaks.set(command, Math.max(active, peaks.get(command) ?? 0));
  response.once('close', () => running.set(command, (running.get(command) ?? 1) - 1));
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
