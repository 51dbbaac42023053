// Reads a history over HTTP, as `iri-lb run` serves it, and asks again for what happens.
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { bearerHeaders } from '../config/bearer-token.js';
import { codeOf, NextStepError } from '../model/errors.js';
import type { HistoryEvent, Page } from '../model/history.js';
import { showName } from '../model/text.js';
import { parsePage } from '../run/history/page.js';
import type { OpenSource, SourceOptions } from './changes-source.js';

type Env = SourceOptions['env'];

/** Until whoever listens there has answered, in milliseconds. */
const ANSWER_MS = 2_000;
/** And until all of it is there. */
const WHOLE_MS = 15_000;
/** More than any process keeps, in bytes. */
const MAX_BYTES = 67_108_864;
/** It may be started anew: so many times in a row it need not answer. */
const MAX_FAILURES = 15;
const POLL_MS = 1_000;

/** Throws NextStepError where nobody answers, or something else than a history. */
export async function openUrl(
  url: URL,
  { sinceMs, pollMs = POLL_MS, env }: Pick<SourceOptions, 'sinceMs' | 'pollMs' | 'env'>,
): Promise<OpenSource> {
  const askAt = (ms: number, signal?: AbortSignal): Promise<Page> => ask(url, env, ms, signal);
  const page = await askAt(sinceMs);
  return {
    name: `iri-lb run at ${showName(url.host)}`,
    page,
    close: async () => {},
    more: (signal) => moreOf(askAt, page, sinceMs, pollMs, signal),
  };
}

async function* moreOf(
  askAt: (sinceMs: number, signal: AbortSignal) => Promise<Page>,
  page: Page,
  sinceMs: number,
  pollMs: number,
  signal: AbortSignal,
): AsyncGenerator<readonly HistoryEvent[]> {
  const fresh = makeFresh(page.events, sinceMs);
  for (let failures = 0; !signal.aborted; ) {
    await sleep(pollMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      yield fresh.among((await askAt(fresh.sinceMs(), signal)).events);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!signal.aborted && failures >= MAX_FAILURES) throw error;
    }
  }
}

/** Of pages that begin where the last one ended: what was not there before. */
function makeFresh(seen: readonly HistoryEvent[], startMs: number) {
  let last = seen.at(-1)?.at;
  /** Of the last millisecond. */
  let count = seen.filter(({ at }) => at === last).length;
  return {
    sinceMs: (): number => (last === undefined ? startMs : Date.parse(last)),
    among(events: readonly HistoryEvent[]): HistoryEvent[] {
      const before = last;
      let known = count;
      const fresh = events.filter(({ at }) => at !== before || known-- <= 0);
      const end = fresh.at(-1)?.at;
      if (end === undefined) return fresh;
      count = end === last ? count + fresh.length : fresh.filter(({ at }) => at === end).length;
      last = end;
      return fresh;
    },
  };
}

function ask(url: URL, env: Env, sinceMs: number, signal?: AbortSignal): Promise<Page> {
  const asked = new URL(url);
  asked.searchParams.set('since', String(Math.floor(sinceMs)));
  return new Promise((resolve, reject) => {
    const get = asked.protocol === 'https:' ? https.get : http.get;
    const late = AbortSignal.timeout(WHOLE_MS);
    const fail = (error: unknown): void => {
      const what = late.aborted ? `its answer takes over ${WHOLE_MS} ms` : codeOf(error);
      reject(error instanceof NextStepError ? error : failed(url, what));
    };
    const signals = [late, ...(signal ? [signal] : [])];
    const request = get(
      asked,
      { agent: false, headers: bearerHeaders(url, env), signal: AbortSignal.any(signals) },
      (response) => {
        if (response.statusCode !== 200) {
          response.destroy();
          const answered = `it answers ${response.statusCode}`;
          return fail(response.statusCode === 401 ? refused(url) : failed(url, answered));
        }
        textOf(response).then((text) => {
          const page = parsePage(text);
          if (page) resolve(page);
          else fail(failed(url, 'what answers there has no history'));
        }, fail);
      },
    );
    request.setTimeout(ANSWER_MS, () => request.destroy(failed(url, `no answer within ${ANSWER_MS} ms`)));
    request.on('error', fail);
  });
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('its answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const refused = (url: URL): NextStepError =>
  new NextStepError(
    showName(url.host),
    'it answers 401',
    'name the file with its token in IRI_LB_TOKEN_FILE',
  );

const failed = (url: URL, what: string): NextStepError =>
  new NextStepError(showName(url.host), what, 'is it where iri-lb run listens (--listen)?');
