// Reads the event of a request: JSON, or nothing, which means look at all.
import type { Readable } from 'node:stream';

/** An event names a service and an index; a platform may wrap more around it. In bytes. */
export const MAX_EVENT_BYTES = 64 * 1024;

export type EventBody = { readonly event: unknown } | 'junk' | 'too large';

/** Reads to the end, or until `maxBytes` are passed. Throws when the stream breaks. */
export async function readEvent(stream: Readable, maxBytes = MAX_EVENT_BYTES): Promise<EventBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not destroyed when we stop early: the request's socket still has to carry the answer.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maxBytes) return 'too large';
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  if (text === '') return { event: {} };
  try {
    return { event: JSON.parse(text) };
  } catch {
    return 'junk';
  }
}
