// Bodies in chunks, lengths that lie and bytes that are no HTTP: what is not all there is never let through.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw } from './client.js';
import { arrivals, bodyOf, outcome } from './outcome.js';
import { type Rig, startRig } from './rig.js';

const LIMIT = 40_000;
const DEFAULT = 'iri_back-1';
const POW = 'iri_pow_back-1';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    settings: { iri: { bodyLimitBytes: LIMIT }, timeouts: { requestSeconds: 1 }, limits: false },
  });
});
afterAll(() => rig?.harness.close());

describe('on the wire', () => {
  const HEAD = 'POST / HTTP/1.1\r\nHost: iri.example\r\nX-IOTA-API-Version: 1\r\nConnection: close\r\n';
  const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
  const chunks = (body: string, size: number): string => {
    let text = '';
    for (let at = 0; at < body.length; at += size) {
      const part = body.slice(at, at + size);
      text += `${part.length.toString(16)}\r\n${part}\r\n`;
    }
    return text;
  };
  const END = '0\r\n\r\n';
  const info = '{"command":"getNodeInfo"}';
  const denied = '{"command":"addNeighbors"}';
  const rows: (readonly [what: string, bytes: string, expected: string | number])[] = [
    ['chunks', CHUNKED + chunks(info, 3) + END, DEFAULT],
    ['chunks of one byte with a denied command', CHUNKED + chunks(denied, 1) + END, 403],
    ['chunks with attachToTangle', CHUNKED + chunks('{"command":"attachToTangle"}', 5) + END, POW],
    ['chunks at the limit', CHUNKED + chunks(bodyOf(LIMIT), 7) + END, POW],
    ['chunks over the limit', CHUNKED + chunks(bodyOf(LIMIT + 1), 1_000) + END, 413],
    ['chunks far over the limit', CHUNKED + chunks(bodyOf(400_000), 10_000) + END, 413],
    [
      'chunks of a whole object that go on past the buffer',
      CHUNKED + chunks(info.padEnd(400_000), 10_000) + END,
      413,
    ],
    ['chunks that never end', CHUNKED + chunks(info, 25), 408],
    [
      'a large head and chunks at the limit',
      `${HEAD}X-Long: ${'x'.repeat(15_000)}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(bodyOf(LIMIT), 9)}${END}`,
      POW,
    ],
    [
      'many short headers and chunks at the limit',
      `${HEAD}${Array.from({ length: 90 }, (_, index) => `H${index}: 1\r\n`).join('')}Transfer-Encoding: chunked\r\n\r\n${chunks(bodyOf(LIMIT), 9)}${END}`,
      POW,
    ],
    ['a Content-Length beyond what comes', `${HEAD}Content-Length: 100\r\n\r\n${info}`, 408],
    ['a Content-Length short of what comes', `${HEAD}Content-Length: 5\r\n\r\n${info}`, 400],
    ['an announced giant', `${HEAD}Content-Length: 9999999999\r\n\r\n${info.padEnd(100_000)}`, 413],
    [
      'a refusal, however the next request on the connection reads',
      `POST / HTTP/1.1\r\nHost: x\r\nX-IOTA-API-Version: 1\r\nContent-Length: ${denied.length}\r\n\r\n${denied}`,
      403,
    ],
  ];
  it.each(rows)('%s', async (_what, bytes, expected) => {
    const before = arrivals(rig);
    expect(outcome(await raw(rig.port, bytes))).toBe(expected);
    expect(arrivals(rig) - before).toBe(typeof expected === 'string' ? 1 : 0);
  });

  // The buffer is full at the end of a chunk, so that what was read looks like all there is.
  it.each([60_000, 16_384, 1_024, 1_000])('a body that goes on behind a URI of %i bytes', async (length) => {
    const before = arrivals(rig);
    const head = `POST /${'x'.repeat(length)} HTTP/1.1\r\nHost: x\r\nX-IOTA-API-Version: 1\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const size of [LIMIT - 8_000, LIMIT, LIMIT + 8_000]) {
      const rest = `${denied.length.toString(16)}\r\n${denied}\r\n${END}`;
      const answer = await raw(rig.port, [head + chunks(info.padEnd(size), size), rest], 400);
      expect(length < 1_024 ? [413, 400] : [414]).toContain(outcome(answer));
    }
    expect(arrivals(rig) - before).toBe(0);
  });

  // By version, and by how much is still to be read, HAProxy answers one thing, another, or just closes.
  const malformed: (readonly [what: string, bytes: string])[] = [
    [
      'a denied command with a Content-Length beside chunks',
      `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(denied, 9)}${END}`,
    ],
    ['two lengths that differ', `${HEAD}Content-Length: 5\r\nContent-Length: 25\r\n\r\n${info}`],
    ['a length that is no number', `${HEAD}Content-Length: +25\r\n\r\n${info}`],
    [
      'an encoding of the transfer besides chunked',
      `${HEAD}Transfer-Encoding: xchunked\r\n\r\n${chunks(denied, 9)}${END}`,
    ],
    ['a chunk length that is no number', `${CHUNKED}zz\r\n${info}\r\n${END}`],
    [
      'a tunnel',
      `CONNECT iri.example:80 HTTP/1.1\r\nHost: iri.example:80\r\nX-IOTA-API-Version: 1\r\n\r\n${denied}`,
    ],
  ];
  it.each(malformed)('%s reaches no node', async (_what, bytes) => {
    const before = arrivals(rig);
    const status = await raw(rig.port, bytes).then(
      (answer) => answer.status,
      () => 0,
    );
    expect([0, 400, 403, 405, 408, 422, 501]).toContain(status);
    expect(arrivals(rig)).toBe(before);
  });
});
