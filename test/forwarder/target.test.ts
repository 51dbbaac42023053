// The HTTP adapter in place of Lambda: what is sent to it, and what is made of its answer.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTargetInvoke } from '../../lib/forwarder/target.js';
import { type Recorder, startRecorder } from './recorder.js';

const event = { service: 'iri', index: '18446744073709551615' };
const report = '{"version":1,"loadBalancers":[]}';

let recorder: Recorder;
let told: string[];
beforeEach(async () => {
  recorder = await startRecorder();
  recorder.answer({ status: 200, body: report });
  told = [];
});
afterEach(() => recorder.close());

const setUp = (path = '', more: { token?: () => string; timeoutMs?: number } = {}) =>
  makeTargetInvoke({ url: recorder.url + path, timeoutMs: 5_000, log: (line) => told.push(line), ...more });

describe('an event', () => {
  test.each([
    ['', '/watch'],
    ['/', '/watch'],
    ['/function/iri-lb', '/function/iri-lb/watch'],
  ])('goes to /watch below the target (%j), with service and index only', async (path, expected) => {
    await setUp(path)({ ...event, surplus: 'x' } as typeof event);
    const [sent] = recorder.received;
    if (!sent) throw new Error('nothing was sent');
    const { method, path: asked, body, headers } = sent;
    expect(`${method} ${asked}`).toBe(`POST ${expected}`);
    expect(body).toBe('{"service":"iri","index":"18446744073709551615"}');
    expect(headers).toMatchObject({ 'content-type': 'application/json' });
    expect(headers).not.toHaveProperty('authorization');
  });

  test('carries the token as it is at that moment', async () => {
    let token = 'the-first-of-some-length';
    const invoke = setUp('', { token: () => token });
    await invoke(event);
    token = 'the-second-of-some-length';
    await invoke(event);
    expect(recorder.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer the-first-of-some-length',
      'Bearer the-second-of-some-length',
    ]);
  });

  test('is delivered where somebody before the adapter has queued it', async () => {
    recorder.answer({ status: 202 });
    await setUp()(event);
    expect(told).toEqual([]);
  });

  test('is delivered where the run on it failed, which the log says', async () => {
    const body = '{"errorType":"RunFailed","errorMessage":"haproxy tcp://10.0.0.5:9999: no prompt"}';
    recorder.answer({ status: 500, body });
    await setUp()(event);
    expect(told).toEqual([
      `forwarder: target ${recorder.url}/watch: the run failed ("haproxy tcp://10.0.0.5:9999: no prompt"); the resync repeats it`,
    ]);
  });
});

describe('an event that is not taken', () => {
  test.each([
    [401, '{"error":"send it"}', 'the target asks for a token: give --target-token-file'],
    [403, '{"error":"no browsers"}', 'may it be called from here?'],
    [404, 'page not found', 'is --target the address of dist/http.mjs?'],
    [200, '<html>It works!</html>', 'is --target the address of dist/http.mjs?'],
    [200, '{"ok":true}', 'is --target the address of dist/http.mjs?'],
    [502, '{"errorType":"Upstream","errorMessage":"no"}', 'it is tried again'],
    [302, '', 'is --target the address of dist/http.mjs?'],
    [429, '{"error":"16 requests wait already"}', 'it is tried again'],
    [500, 'upstream', 'it is tried again'],
    [503, '{"error":"no healthy pod"}', 'it is tried again'],
  ])('status %i is an error with target, answer and next step', async (status, body, step) => {
    recorder.answer({ status, body });
    await expect(setUp()(event)).rejects.toThrow(
      `target ${recorder.url}/watch: ${status} ${JSON.stringify(body)}; ${step}`,
    );
    expect(told).toEqual([]);
  });

  test('a token that is not the right one is named, and not shown', async () => {
    recorder.answer({ status: 401, body: '{}' });
    const token = 'a-token-of-some-length';
    const error = await setUp('', { token: () => token })(event).catch(String);
    expect(error).toContain('401 "{}"; the token of --target-token-file is not the target\'s');
    expect(error).not.toContain(token);
  });

  test('a token that cannot be had is asked for again with the next event', async () => {
    const token = (): string => {
      throw new Error(
        '--target-token-file "/run/token" cannot be read (ENOENT); name a file that holds the token',
      );
    };
    await expect(setUp('', { token })(event)).rejects.toThrow(
      /no token; --target-token-file "\/run\/token" cannot/,
    );
    expect(recorder.received).toEqual([]);
  });

  test('a target that is down is an error that names it', async () => {
    const invoke = setUp();
    await recorder.close();
    await expect(invoke(event)).rejects.toThrow(/^target http:\/\/127\.0\.0\.1:\d+\/watch: .*ECONNREFUSED/);
  });

  test('a target that does not answer is given up', async () => {
    recorder.answer('hang');
    await expect(setUp('', { timeoutMs: 50 })(event)).rejects.toThrow(
      /no answer within 50 ms; is the target/,
    );
  });
});
