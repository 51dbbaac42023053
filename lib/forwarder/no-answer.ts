// Why an HTTP request got no answer, in a few words. Pure.
import { showMs } from '../model/text.js';
import { connectionWords } from '../model/tls-words.js';

/** Of what fetch threw, which says "fetch failed", and its cause says why. `timeoutMs`: how long it was waited for. */
export function noAnswer(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${showMs(timeoutMs)}`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return connectionWords(cause) || code || 'no connection';
}
