// The forwarder as a process: what reaches Lambda's Invoke API, over outages and restarts.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { environmentFor, FORWARDER, startForwarder } from './process.js';
import { type Recorder, startRecorder } from './recorder.js';

let harness: Harness;
let recorder: Recorder;
beforeEach(async () => {
  harness = await startHarness();
  recorder = await startRecorder();
});
afterEach(async () => {
  await harness?.close();
  await recorder.close();
});

const lastIndex = () => recorder.accepted.at(-1)?.index;

test('on start it sends one event, without an index: anything may have happened before', async () => {
  const first = await startForwarder(harness, recorder.url);
  await waitFor(() => recorder.accepted.length === 1, { what: 'the first event' });
  expect(recorder.accepted).toEqual([{ service: 'iri', index: '0' }]);
  await first.child.stop(0);
  const again = await startForwarder(harness, recorder.url);
  await waitFor(() => recorder.accepted.length === 2, { what: 'the event of the second start' });
  expect((await again.status()).lastDelivered).toMatch(/^\d{4}-\d\d-\d\dT/);
  again.child.signal('SIGTERM');
  expect(await again.child.ended).toBe('exit 0');
});

test('a thousand events in a burst become a handful of invocations, of which the last is the last event', async () => {
  const forwarder = await startForwarder(harness, recorder.url);
  const startedAt = performance.now();
  for (let first = 0; first < 990; first += 30) {
    const batch = Array.from({ length: 30 }, (_, n) => forwarder.post(first + n + 1));
    expect(new Set(await Promise.all(batch))).toEqual(new Set([202]));
  }
  for (let index = 991; index <= 1_000; index += 1) await forwarder.post(index);
  const tookMs = performance.now() - startedAt;
  await waitFor(() => lastIndex() === '1000', { what: 'the last event' });
  await waitFor(async () => (await forwarder.status()).pending === 0, { what: 'nothing to be left' });
  // That of the start, the last, and between them one for each rest of 100 ms at least.
  expect(recorder.accepted.length).toBeLessThanOrEqual(3 + Math.ceil(tookMs / 100));
});

test('a notification from the host of the load balancer is an event without an index', async () => {
  const forwarder = await startForwarder(harness, recorder.url);
  await waitFor(() => recorder.accepted.length === 1, { what: 'the event of the start' });
  expect((await fetch(`${forwarder.url}/notify`, { method: 'POST' })).status).toBe(202);
  await waitFor(() => recorder.accepted.length === 2, { what: 'the notification' });
  expect(lastIndex()).toBe('0');
});

test('while the endpoint is down nothing is lost, health says so, and the last event arrives', async () => {
  recorder.answer({ status: 503, body: 'down' });
  const forwarder = await startForwarder(harness, recorder.url);
  for (let index = 1; index <= 200; index += 1) await forwarder.post(index);
  await waitFor(async () => (await forwarder.status()).failures >= 2, { what: 'two failures' });
  expect((await fetch(`${forwarder.url}/health`)).status).toBe(503);
  expect(await forwarder.status()).toMatchObject({ lastDelivered: null, pending: 2 });
  recorder.answer({ status: 202 });
  await waitFor(() => lastIndex() === '200', { what: 'the last event' });
  await waitFor(async () => (await forwarder.status()).pending === 0, { what: 'nothing to be left' });
  expect(recorder.accepted.map(({ index }) => index).sort()).toEqual(['0', '200']);
  expect(forwarder.child.output()).toMatch(/503 "down"; it is tried again \(attempt 1, again in \d+ ms\)/);
});

test('an endpoint that comes up after the forwarder gets its events', async () => {
  await recorder.close();
  const port = await harness.freePort();
  const forwarder = await startForwarder(harness, `http://127.0.0.1:${port}`);
  await waitFor(async () => (await forwarder.status()).failures >= 1, { what: 'a failure' });
  recorder = await startRecorder(port);
  await waitFor(() => lastIndex() === '0', { what: 'the event of the start' });
  expect((await forwarder.status()).lastError).toBeNull();
});

describe('wrong use is one line, and exit 1', () => {
  const run = async (script: string, env: Record<string, string | undefined> = {}) => {
    const command = FORWARDER.map((part) => `'${part}'`).join(' ');
    const child = await harness.spawn('wrong', 'sh', ['-c', script.replace('FORWARDER', command)], {
      env: { ...environmentFor(recorder.url), ...env },
    });
    return `${await child.ended}: ${child.output()}`;
  };

  test('a port that is taken', async () => {
    const { port } = new URL(recorder.url);
    expect(await run(`FORWARDER --listen 127.0.0.1:${port}`)).toBe(
      `exit 1: forwarder: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    );
  });
  test('junk on stdin', async () => {
    expect(await run('echo junk | FORWARDER', { CONSUL_INDEX: '5' })).toMatch(
      /^exit 1: forwarder: stdin is no JSON array \(junk\); the watch must be of type service\n$/,
    );
  });
  test('no index', async () => {
    expect(await run('echo "[]" | FORWARDER')).toMatch(
      /^exit 1: forwarder: CONSUL_INDEX "?undefined"? is no index; run me from a Consul watch, or with --listen\n$/,
    );
  });
  test('nothing of it invokes the function', async () => {
    await run('echo junk | FORWARDER', { CONSUL_INDEX: '5' });
    expect(recorder.received).toEqual([]);
  });
});
