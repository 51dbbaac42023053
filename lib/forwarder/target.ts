// Invokes the watch function where it is served over HTTP (dist/http.mjs), in place of Lambda.
import { messageOf } from '../model/errors.js';
import { quote } from '../model/text.js';
import { type Invoke, InvokeError } from './invoke.js';
import { noAnswer } from './no-answer.js';

export interface TargetOptions {
  /** Base URL of the adapter: events are posted to `/watch` below it. */
  readonly url: string;
  /** Asked for before each request, so that a new token is used at once. Throws when there is none to be had. */
  readonly token?: () => string;
  /** Longest time until the run is over, in milliseconds. */
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
}

/** Whoever stands before the adapter may have queued the event; then the run is still to come. */
const QUEUED = 202;
/** So the adapter answers where the run failed, in JSON; a platform's own errors are another text. */
const FAILED = 500;

/**
 * The target answers when its run is over, so that a platform which gives it a processor only while it answers
 * serves as well. An event is delivered once a run has begun on it, as with Lambda: of one that failed the log has a
 * line, and the resync repeats it. Everything else that is answered is an error, and tried again.
 */
export function makeTargetInvoke({ url, token, timeoutMs, log }: TargetOptions): Invoke {
  const to = targetUrl(url);
  const fail = (what: string, step: string): InvokeError =>
    new InvokeError(`target ${to.href}: ${what}; ${step}`);

  return async ({ service, index }) => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    try {
      if (token) headers.authorization = `Bearer ${token()}`;
    } catch (error) {
      throw fail('no token', messageOf(error));
    }
    let answer: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const body = JSON.stringify({ service, index });
      answer = await fetch(to, { method: 'POST', headers, body, signal, redirect: 'manual' });
      text = await answer.text();
    } catch (error) {
      throw fail(noAnswer(error, timeoutMs), 'is the target reachable?');
    }
    if (answer.status === QUEUED || (answer.status === 200 && isReport(text))) return;
    const failed = answer.status === FAILED ? runError(text) : undefined;
    if (failed === undefined)
      throw fail(`${answer.status} ${quote(text.trim(), 200)}`, nextStep(answer.status, token !== undefined));
    log(`forwarder: target ${to.href}: the run failed (${quote(failed, 500)}); the resync repeats it`);
  };
}

/** `/watch` below a base URL. */
export function targetUrl(base: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/watch`;
  return url;
}

/** What the adapter says of a run that failed; undefined for anything else, a platform's own error page included. */
function runError(text: string): string | undefined {
  const fields = parsed(text);
  if (fields === undefined || !('errorType' in fields) || !('errorMessage' in fields)) return undefined;
  return String(fields.errorMessage);
}

/** Whatever else answers 200 has looked at nothing. */
function isReport(text: string): boolean {
  const fields = parsed(text);
  return fields !== undefined && 'loadBalancers' in fields;
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function nextStep(status: number, hasToken: boolean): string {
  if (status === 401)
    return hasToken
      ? "the token of --target-token-file is not the target's"
      : 'the target asks for a token: give --target-token-file';
  if (status === 403) return 'may it be called from here?';
  if (status === 404 || (status >= 200 && status < 400)) return 'is --target the address of dist/http.mjs?';
  return 'it is tried again';
}
