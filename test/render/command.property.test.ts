// Whatever the body: HAProxy decides by the command that every JSON parser finds in it, or it refuses.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { body, DENIED, mutated, POW, pieces } from './bodies.js';
import { ask } from './client.js';
import { commandOf } from './reference.js';
import { type Rig, startRig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ settings: { limits: false } });
});
afterAll(() => rig?.harness.close());

/** What a request with this command must lead to. */
function expected(command: string): string | number {
  if (DENIED.includes(command)) return 403;
  return POW.includes(command) ? 'iri_pow_back-1' : 'iri_back-1';
}

async function decision(body: Buffer): Promise<string | number> {
  const { node, status } = await ask(rig.port, { body });
  return node ?? status;
}

describe('the decision about any body', () => {
  it('is that of its one command, else a refusal', async () => {
    let served = 0;
    const bytes = fc.oneof(body, body, mutated, pieces).map((text) => Buffer.from(text, 'utf8'));
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const decided = await decision(sent);
        const found = commandOf(sent);
        if (decided !== 400) {
          served += 1;
          expect(found).toBeDefined();
          expect(decided).toBe(expected(found ?? ''));
        }
      }),
      { numRuns: 2_000 },
    );
    expect(served).toBeGreaterThan(200);
  }, 120_000);

  it('holds for bytes that are no text', async () => {
    const bytes = fc
      .tuple(body, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }))
      .map(([text, at, put]) => {
        const sent = Buffer.from(text);
        const index = at % sent.length;
        return Buffer.concat([sent.subarray(0, index), put, sent.subarray(index)]);
      });
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const decided = await decision(sent);
        expect([400, expected(commandOf(sent) ?? '')]).toContain(decided);
        if (commandOf(sent) === undefined) expect(decided).toBe(400);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('is never a refusal for what a serializer writes of an object with one command', async () => {
    const plainKey = fc.stringMatching(/^[a-z]{1,12}$/).filter((name) => name !== 'command');
    const object = fc.tuple(
      fc.dictionary(plainKey, fc.jsonValue({ maxDepth: 8 })),
      fc.stringMatching(/^[A-Za-z]{1,64}$/).filter((name) => !DENIED.includes(name)),
      fc.dictionary(plainKey, fc.jsonValue({ maxDepth: 8 })),
    );
    await fc.assert(
      fc.asyncProperty(object, fc.constantFrom(undefined, 2, '\t'), async ([before, name, after], space) => {
        const text = JSON.stringify({ ...before, command: name, ...after }, null, space);
        expect(await decision(Buffer.from(text))).toBe(expected(name));
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});
