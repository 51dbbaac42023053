// The stopwatch of `npm start` against a real Consul: from which moment it measures, and that it does so once.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { watchIndexes } from '../../infra/local/stopwatch.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { makeHttpClient } from '../../lib/consul/http.js';

const LATER_MS = 1_000;
let harness: Harness;
let consul: Consul;

beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness);
});
afterAll(() => harness.close());

async function indexNow(): Promise<string> {
  const question = { method: 'GET', path: '/v1/health/service/iri', secret: consul.token, timeoutMs: 5_000 };
  const { headers } = await makeHttpClient(consul.url, { tls: {} }).request(question);
  return String(headers['x-consul-index']);
}

it('measures from the moment that the first change came, once', async () => {
  const before = performance.now();
  const stopwatch = watchIndexes(consul, ['iri']);
  try {
    let port = 0;
    // Those that came before it looked for the first time are none.
    const { index, doneAt, measured } = await waitFor(
      async () => {
        port += 1;
        await consul.catalogRegister([{ node: 'n', service: 'iri', port }]);
        const covered = { index: await indexNow(), doneAt: performance.now() + LATER_MS };
        const found = stopwatch.covered(covered.index, covered.doneAt);
        return found === undefined ? undefined : { ...covered, measured: found };
      },
      { what: 'a change that the stopwatch saw' },
    );
    expect(measured).toBeGreaterThanOrEqual(LATER_MS);
    expect(measured).toBeLessThanOrEqual(Math.ceil(doneAt - before));
    expect(Number.isInteger(measured)).toBe(true);
    expect(stopwatch.covered(index, doneAt)).toBeUndefined();
  } finally {
    stopwatch.close();
  }
});
