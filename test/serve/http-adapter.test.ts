// The functions over HTTP: what runs them, who may ask, and what is answered.
import { request as ask, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import type { BearerToken } from '../../lib/config/bearer-token.js';
import type { HandlerContext } from '../../lib/run/handler.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { type Adapter, makeAdapter } from '../../lib/serve/http-adapter.js';

const REPORT = { version: 1, loadBalancers: [] };
const TOKEN = 'a-token-of-some-length';
const BEARER = { authorization: `Bearer ${TOKEN}` };

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
}

interface Call {
  readonly name: string;
  readonly event: unknown;
  readonly context: HandlerContext;
}

let adapter: Adapter;
afterEach(async () => {
  adapter.server.closeAllConnections();
  await adapter.stop();
});

async function setUp(options: { token?: () => BearerToken; result?: (call: Call) => Promise<unknown> } = {}) {
  const { token, result = async () => REPORT } = options;
  const calls: Call[] = [];
  const told: string[] = [];
  const handler = (name: string) => (event: unknown, context: HandlerContext) => {
    const call = { name, event, context };
    calls.push(call);
    return result(call);
  };
  adapter = makeAdapter({
    handlers: { watch: handler('watch'), resync: handler('resync') },
    clock: systemClock,
    log: (line) => told.push(line),
    ...(token ? { token } : {}),
  });
  await new Promise<void>((resolve) => adapter.server.listen(0, '127.0.0.1', resolve));
  const { port } = adapter.server.address() as AddressInfo;
  const send = (method: string, path: string, body = '', headers: OutgoingHttpHeaders = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = ask({ host: '127.0.0.1', port, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text === '' ? {} : JSON.parse(text),
            headers: response.headers,
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { send, calls, told };
}

describe('a request', () => {
  test.each(['watch', 'resync'])('to /%s runs that function, and has its result', async (name) => {
    const { send, calls } = await setUp();
    expect(await send('POST', `/${name}`)).toMatchObject({ status: 200, body: REPORT });
    expect(calls).toMatchObject([{ name, event: {}, context: { functionName: `iri-lb-${name}` } }]);
    const context = calls[0]?.context;
    expect(context?.awsRequestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(context?.getRemainingTimeInMillis()).toBeGreaterThan(0);
    expect(context?.getRemainingTimeInMillis()).toBeLessThanOrEqual(45_000);
  });

  test('hands on the event that is in it', async () => {
    const { send, calls } = await setUp();
    await send('POST', '/watch?source=timer', '{"service":"iri","index":"7"}');
    expect(calls.map(({ event }) => event)).toEqual([{ service: 'iri', index: '7' }]);
  });

  test('that wraps something else looks at all, as any other event does', async () => {
    const { send, calls } = await setUp();
    expect((await send('POST', '/watch', '{"specversion":"1.0","type":"ping"}')).status).toBe(200);
    expect(calls).toHaveLength(1);
  });

  test.each<[string, string, string, string, number, RegExp]>([
    ['that is no JSON', 'POST', '/watch', '{"service":', 400, /not JSON; leave it empty/],
    [
      'that names a wrong service',
      'POST',
      '/watch',
      '{"service":"..","index":"1"}',
      400,
      /"\.\." is no service name/,
    ],
    ['that is too long', 'POST', '/resync', ' '.repeat(65_537), 413, /more than 65536 bytes/],
    ['by another method', 'GET', '/watch', '', 405, /use POST/],
    ['to another path', 'POST', '/other', '', 404, /use POST \/watch, POST \/resync/],
    ['to a name that every object has', 'POST', '/constructor', '', 404, /use POST/],
    ['that would change health', 'POST', '/health', '', 405, /use GET/],
  ])('%s is refused, and nothing runs', async (_, method, path, body, status, error) => {
    const { send, calls } = await setUp();
    expect(await send(method, path, body)).toMatchObject({
      status,
      body: { error: expect.stringMatching(error) },
    });
    expect(calls).toEqual([]);
    expect((await send('GET', '/health')).status).toBe(200);
  });

  test('on which the run fails has its message, without stack', async () => {
    const error = Object.assign(new Error('consul: 500'), { name: 'RunFailed', secret: 'x' });
    const { send } = await setUp({ result: () => Promise.reject(error) });
    expect(await send('POST', '/resync')).toMatchObject({
      status: 500,
      body: { errorType: 'RunFailed', errorMessage: 'consul: 500' },
    });
    expect(Object.keys((await send('POST', '/resync')).body)).toEqual(['errorType', 'errorMessage']);
  });
});

describe('runs', () => {
  test('of one function follow each other, and those of the other go on beside them', async () => {
    const open: (() => void)[] = [];
    const { send, calls } = await setUp({
      result: ({ name }) =>
        name === 'resync'
          ? Promise.resolve(REPORT)
          : new Promise((resolve) => open.push(() => resolve(REPORT))),
    });
    const first = send('POST', '/watch');
    await waitFor(() => calls.length === 1, { what: 'the first run' });
    const second = send('POST', '/watch');
    const waits = async () => (await send('GET', '/health')).body.watch;
    await waitFor(async () => ((await waits()) as { waiting: number }).waiting === 1, {
      what: 'the second to wait',
    });
    expect((await send('POST', '/resync')).status).toBe(200);
    expect(calls.map(({ name }) => name)).toEqual(['watch', 'resync']);
    open.shift()?.();
    expect((await first).status).toBe(200);
    await waitFor(() => open.length === 1, { what: 'the second run' });
    open.shift()?.();
    expect((await second).status).toBe(200);
  });

  test('that too many wait for are refused, for a second', async () => {
    const open: (() => void)[] = [];
    const { send } = await setUp({
      result: () => new Promise((resolve) => open.push(() => resolve(REPORT))),
    });
    const taken = Array.from({ length: 17 }, () => send('POST', '/watch'));
    const waiting = async () => ((await send('GET', '/health')).body.watch as { waiting: number }).waiting;
    await waitFor(async () => (await waiting()) === 16, { what: 'sixteen to wait' });
    expect(await send('POST', '/watch')).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    const answers = Promise.all(taken);
    for (let run = 0; run < 17; run += 1) {
      await waitFor(() => open.length > 0, { what: `run ${run}` });
      open.shift()?.();
    }
    expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('that are under way when it stops are answered first', async () => {
    let end = (): void => undefined;
    const { send, calls } = await setUp({
      result: () =>
        new Promise((resolve) => {
          end = () => resolve(REPORT);
        }),
    });
    const answer = send('POST', '/watch');
    await waitFor(() => calls.length === 1, { what: 'the run' });
    const stopped = adapter.stop();
    end();
    expect(await answer).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await stopped;
    await expect(send('POST', '/watch')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('health', () => {
  test('is 503 while the last run of either failed, and says why', async () => {
    let works = false;
    const { send } = await setUp({
      result: async () => (works ? REPORT : Promise.reject(new Error('consul: down'))),
    });
    expect(await send('GET', '/health')).toMatchObject({
      status: 200,
      body: { version: 'unbuilt', watch: { lastSuccess: null, lastError: null }, resync: { waiting: 0 } },
    });
    await send('POST', '/resync');
    await send('POST', '/watch', '{"doctor":true}');
    expect(await send('GET', '/health')).toMatchObject({
      status: 503,
      body: { resync: { lastError: 'consul: down' }, watch: { lastError: null } },
    });
    works = true;
    await send('POST', '/resync');
    const { status, body } = await send('GET', '/health');
    expect(status).toBe(200);
    expect(body.resync).toMatchObject({ lastError: null, lastSuccess: expect.stringMatching(/^\d{4}-/) });
  });

  test('and life are also asked for by HEAD', async () => {
    const { send } = await setUp();
    for (const path of ['/health', '/live'])
      expect(await send('HEAD', path)).toMatchObject({ status: 200, body: {} });
  });
});

describe('without a token', () => {
  test.each([
    ['a web page', { origin: 'https://example.com' }],
    ['a web page whose name resolves to us', { host: 'example.com:8080' }],
  ])('%s is refused', async (_, headers) => {
    const { send, calls } = await setUp();
    for (const [method, path] of [
      ['POST', '/watch'],
      ['GET', '/health'],
      ['GET', '/live'],
    ] as const)
      expect((await send(method, path, '', headers)).status).toBe(403);
    expect(calls).toEqual([]);
  });
});

describe('with a token', () => {
  test.each([
    ['none', {}],
    ['another', { authorization: 'Bearer a-token-of-some-other-length' }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('%s is refused, but for /live', async (_, headers) => {
    const { send, calls } = await setUp({ token: () => ({ token: TOKEN }) });
    for (const [method, path] of [
      ['POST', '/watch'],
      ['POST', '/resync'],
      ['GET', '/health'],
    ] as const) {
      const answer = await send(method, path, '', headers);
      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
      expect(JSON.stringify(answer)).not.toContain(TOKEN);
    }
    expect((await send('GET', '/live')).status).toBe(200);
    expect(calls).toEqual([]);
  });

  test('the right one is taken, whatever the host is called; not from a web page', async () => {
    const { send } = await setUp({ token: () => ({ token: TOKEN }) });
    expect((await send('POST', '/watch', '', { ...BEARER, host: 'iri-lb.example.com' })).status).toBe(200);
    expect((await send('POST', '/watch', '', { ...BEARER, origin: 'null' })).status).toBe(403);
  });

  test('that is another now counts at once; without one nobody is let in, and the log says it once', async () => {
    let read: BearerToken = { token: TOKEN };
    const { send, told } = await setUp({ token: () => read });
    expect((await send('POST', '/watch', '', BEARER)).status).toBe(200);
    read = { token: 'the-next-token-of-some-length' };
    expect((await send('POST', '/watch', '', BEARER)).status).toBe(401);
    read = { refused: '"/run/token" cannot be read (ENOENT); name a file that holds the token' };
    for (const _ of [1, 2]) {
      const answer = await send('POST', '/watch', '', BEARER);
      expect(answer).toMatchObject({
        status: 503,
        body: { error: 'the token file cannot be used now; the log says why' },
      });
    }
    expect(told).toEqual([
      'http: IRI_LB_TOKEN_FILE "/run/token" cannot be read (ENOENT); name a file that holds the token; nobody is let in',
    ]);
    read = { token: TOKEN };
    expect((await send('POST', '/watch', '', BEARER)).status).toBe(200);
  });
});
