// Asks the `iri-lb run` of this host, where there is one, what it says of itself.
import http from 'node:http';
import https from 'node:https';
import { bearerHeaders } from '../config/bearer-token.js';
import type { ContestedHealth, PauseCause } from '../model/run-health.js';
import { plainText } from '../model/text.js';

/** Names the run to ask; `off` asks nobody. */
export const RUN_VARIABLE = 'IRI_LB_RUN';
export const DEFAULT_LISTEN = '127.0.0.1:8402';

/** Whoever asks waits no longer than people notice, in milliseconds. */
const TIMEOUT_MS = 500;
const MAX_BYTES = 1_048_576;
const MAX_ENTRIES = 100;

/** A run, as it was asked; every text in it can be shown. Times are milliseconds since the epoch. */
export interface LocalRun {
  /** Base URL, for messages. */
  readonly url: string;
  readonly version: string;
  readonly commit: string;
  /** To be compared with `fingerprintOf` one's own configuration. */
  readonly fingerprint: string;
  readonly pid: number;
  readonly lastSuccessMs?: number;
  readonly paused?: { readonly cause: PauseCause; readonly sinceMs: number; readonly reason: string };
  readonly failing?: { readonly sinceMs: number; readonly errors: readonly string[] };
  /** What was wrong with a configuration that it was told to read, and does not use. */
  readonly rejected?: { readonly atMs: number; readonly problems: readonly string[] };
  readonly contested: readonly ContestedHealth[];
}

type Env = Readonly<Record<string, string | undefined>>;

export interface LocalRunOptions {
  readonly timeoutMs?: number;
}

/**
 * Asks the run that IRI_LB_RUN names (`host:port`, or a URL), by default the one at 127.0.0.1:8402; undefined where
 * nobody answers in time, or where it is something else that does. Never throws.
 */
export async function readLocalRun(
  env: Env,
  { timeoutMs = TIMEOUT_MS }: LocalRunOptions = {},
): Promise<LocalRun | undefined> {
  const named = env[RUN_VARIABLE] || DEFAULT_LISTEN;
  const url = /^https?:\/\//.test(named) ? named.replace(/\/+$/, '') : `http://${named}`;
  if (named === 'off' || !URL.canParse(url)) return undefined;
  try {
    return parseLocalRun(url, JSON.parse(await get(new URL(`${url}/health`), env, timeoutMs)));
  } catch {
    return undefined;
  }
}

/** The body of whatever status; node:http, since fetch takes 30 ms and 10 MB to load. */
function get(url: URL, env: Env, timeoutMs: number): Promise<string> {
  const { get } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: bearerHeaders(url, env) }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MAX_BYTES) request.destroy(new Error('too long'));
      });
      response.once('error', reject);
      response.once('end', () => resolve(text));
    });
    const timer = setTimeout(() => request.destroy(new Error('too late')), timeoutMs);
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(timer);
      reject(new Error('cut off'));
    });
  });
}

/** What was answered, with no more trust than any text from outside; undefined where it is no run's. */
export function parseLocalRun(url: string, answer: unknown): LocalRun | undefined {
  const said = record(answer);
  if (said.program !== 'iri-lb run' || said.version !== 1) return undefined;
  const build = record(said.build);
  const paused = record(said.paused);
  const failing = record(said.failing);
  const rejected = record(said.rejected);
  const lastSuccessMs = time(said.lastSuccess);
  const pausedMs = time(paused.since);
  const failingMs = time(failing.since);
  const rejectedMs = time(rejected.at);
  return {
    url: plainText(url),
    version: text(build.version),
    commit: text(build.commit),
    fingerprint: text(said.fingerprint),
    pid: typeof said.pid === 'number' ? said.pid : 0,
    ...(lastSuccessMs === undefined ? {} : { lastSuccessMs }),
    ...(pausedMs === undefined
      ? {}
      : { paused: { cause: causeOf(paused.cause), sinceMs: pausedMs, reason: text(paused.reason) } }),
    ...(failingMs === undefined
      ? {}
      : { failing: { sinceMs: failingMs, errors: list(failing.errors).map(text) } }),
    ...(rejectedMs === undefined
      ? {}
      : { rejected: { atMs: rejectedMs, problems: list(rejected.problems).map(text) } }),
    contested: list(said.contested).map(record).map(contestedOf),
  };
}

const contestedOf = (said: Readonly<Record<string, unknown>>): ContestedHealth => ({
  loadBalancer: text(said.loadBalancer),
  backend: text(said.backend),
  slot: text(said.slot),
  field: text(said.field),
  ours: text(said.ours),
  theirs: text(said.theirs),
  since: text(said.since),
});

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value.slice(0, MAX_ENTRIES) : [];

const text = (value: unknown): string => (typeof value === 'string' ? plainText(value, 500) : '');

function time(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

const causeOf = (value: unknown): PauseCause => (value === 'dry' || value === 'unreadable' ? value : 'file');
