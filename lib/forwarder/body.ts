// Reads what Consul hands to a watch handler, without keeping it: only that it is an array counts.
import type { Readable } from 'node:stream';

/** 2,000 instances are 4 MB, and a pool has at most 20,000 slots; in bytes. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** `array`: a JSON array by its first and last character; the event is a hint, its content is never used. */
export type Body = 'array' | 'junk' | 'too large';

/** Reads to the end, keeping nothing, or stops where `maxBytes` is passed. Throws when the stream breaks. */
export async function readArray(stream: Readable, maxBytes = MAX_BODY_BYTES): Promise<Body> {
  let bytes = 0;
  let first = '';
  let last = '';
  // Not destroyed when we stop early: a request's socket still has to carry the answer.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maxBytes) return 'too large';
    const text = chunk.toString('latin1').trim();
    if (text === '') continue;
    first ||= text.charAt(0);
    last = text.charAt(text.length - 1);
  }
  return first === '[' && last === ']' ? 'array' : 'junk';
}
