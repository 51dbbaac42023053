// When the forwarder is told to stop: before it listens, or while it does.
import { expect, test } from 'vitest';
import { startHarness } from '../../infra/local/harness.js';
import { listen } from '../../lib/forwarder/run.js';

const options = {
  to: {
    kind: 'lambda' as const,
    functionName: 'iri-lb-watch',
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:1',
  },
  service: 'iri',
  services: ['iri'],
  allowRemote: false,
};
const status = { lastDelivered: null, pending: 0, failures: 0, lastError: null };

/** Listens with a delivery that delivers nothing; `log` is told once it listens. */
async function listenUntil(stop: AbortSignal, log: (line: string) => void = () => {}): Promise<number> {
  const harness = await startHarness();
  try {
    const port = await harness.freePort();
    const delivery = { push: () => {}, status: () => status, idle: async () => {} };
    const clock = { wallMs: () => 0, monotonicMs: () => 0, sleep: async () => {} };
    await listen(options, { host: '127.0.0.1', port }, { delivery, clock, log }, stop);
    return port;
  } finally {
    await harness.close();
  }
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    () => true,
    () => false,
  );

test('a stop that came before it listened ends it', async () => {
  expect(await answers(await listenUntil(AbortSignal.abort()))).toBe(false);
});

test('a stop while it listens ends it', async () => {
  const stop = new AbortController();
  expect(await answers(await listenUntil(stop.signal, () => setImmediate(() => stop.abort())))).toBe(false);
});
