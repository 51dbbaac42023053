// Reads what Consul hands to a watch handler, without keeping it: only that it is an array counts.
import type { Readable } from 'node:stream';

/** 2,000 instances are 4 MB, and a pool has at most 20,000 slots; in bytes. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** `array`: a JSON array by its first and last character, of a longer one by the first; its content is never used. */
export type Body = 'array' | 'junk' | 'too large';

/**
 * Reads to the end, keeping nothing, or stops where `maxBytes` is passed: what began as an array by then
 * is an event, however long it goes on. Throws when the stream breaks.
 */
export async function readArray(stream: Readable, maxBytes = MAX_BODY_BYTES): Promise<Body> {
  let bytes = 0;
  let first = '';
  let last = '';
  // Not destroyed when we stop early: a request's socket still has to carry the answer.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    const text = chunk.toString('latin1').trim();
    first ||= text.charAt(0);
    if (bytes > maxBytes) return first === '[' ? 'array' : 'too large';
    last = text.charAt(text.length - 1) || last;
  }
  return first === '[' && last === ']' ? 'array' : 'junk';
}
