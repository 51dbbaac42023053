// Turns what the `consul` client throws into status, words and whether to try again. Pure.
import { messageOf } from '../model/errors.js';
import { quote, showMs } from '../model/text.js';

/** One request failed. Holds Consul's status and words, and nothing of the request: that has the token. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
  constructor(
    message: string,
    /** HTTP status, where there was one other than 200. */
    readonly status: number | undefined,
    /** A second try may succeed: connection errors, 429, 500, 503. */
    readonly transient: boolean,
  ) {
    super(message);
  }
}

/** Consul's own: no leader (500), rate limit of the client (429) or of the server (503). */
const TRANSIENT = new Set([429, 500, 503]);

/** Reads the client's error, whose `inspect` prints the token, for what people may see. */
export function toFailure(error: unknown, secret: string | undefined, timeoutMs: number): RequestFailure {
  if (error instanceof RequestFailure) return error;
  const { response, isTimeout, isCodec, code } = fieldsOf(error);
  const { statusCode, body } = fieldsOf(response);
  if (isTimeout) return new RequestFailure(`no answer within ${showMs(timeoutMs)}`, undefined, true);
  if (typeof statusCode === 'number' && (statusCode < 200 || statusCode > 299)) {
    const words = hide(textOf(body).trim(), secret);
    const text = words === '' ? String(statusCode) : `${statusCode} ${quote(words, 200)}`;
    return new RequestFailure(text, statusCode, TRANSIENT.has(statusCode));
  }
  if (isCodec) return new RequestFailure('the answer is not JSON', undefined, false);
  const text = messageOf(error).replace(/^consul: (?:[a-z.]+: )?/, '') || String(code ?? 'failed');
  return new RequestFailure(hide(text, secret), undefined, true);
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (Buffer.isBuffer(body)) return body.toString('utf8', 0, 1000);
  return body === undefined ? '' : (JSON.stringify(body) ?? '');
}

/** A proxy that echoes its request would put the token into our error. */
function hide(text: string, secret: string | undefined): string {
  return secret ? text.replaceAll(secret, '(token)') : text;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
