// The forwarder's HTTP side: what counts as an event, and what is refused.
import http, { type OutgoingHttpHeaders } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { makeServer } from '../../lib/forwarder/server.js';
import type { WatchEvent } from '../../lib/model/watch-event.js';

let server: http.Server;
afterEach(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));

const status = { lastDelivered: '2026-01-01T00:00:00.000Z', pending: 0, failures: 0, lastError: null };

async function setUp(options: { allowRemote?: boolean; failures?: number; token?: string } = {}) {
  const pushed: WatchEvent[] = [];
  const { allowRemote = false, failures = 0, token } = options;
  server = makeServer({
    delivery: {
      push: (event) => void pushed.push(event),
      status: () => ({ ...status, failures }),
      idle: async () => {},
    },
    service: 'iri',
    services: ['iri', 'hornet'],
    allowRemote,
    maxBodyBytes: 1000,
    ...(token ? { token } : {}),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (method: string, path: string, headers: OutgoingHttpHeaders = {}, body = '') =>
    new Promise<{ status: number; body: unknown }>((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) }),
        );
      });
      request.on('error', reject);
      request.end(body);
    });
  return { pushed, ask, port };
}

const index = (value: string): OutgoingHttpHeaders => ({ 'x-consul-index': value });

describe('an event', () => {
  test("is taken as Consul's HTTP handler sends it, with the service from the path", async () => {
    const { ask, pushed } = await setUp();
    expect(await ask('POST', '/watch/hornet', index('18446744073709551615'), '[{"Node":{}}]\n')).toEqual({
      status: 202,
      body: { accepted: true },
    });
    expect(pushed).toEqual([{ service: 'hornet', index: '18446744073709551615' }]);
  });

  test('has the service from the path in plain text', async () => {
    const { ask, pushed } = await setUp();
    expect((await ask('POST', '/watch/hor%6eet', index('5'), '[]')).status).toBe(202);
    expect(pushed).toEqual([{ service: 'hornet', index: '5' }]);
  });

  test('on / is of the service that the forwarder was told', async () => {
    const { ask, pushed } = await setUp();
    expect((await ask('POST', '/', index('5'), '[]')).status).toBe(202);
    expect(pushed).toEqual([{ service: 'iri', index: '5' }]);
  });

  test('with more instances than are read is one all the same, and the rest is not read', async () => {
    const { ask, pushed } = await setUp();
    const body = `[${JSON.stringify({ Node: 'x'.repeat(2_000) })}]`;
    expect((await ask('POST', '/watch/iri', index('5'), body)).status).toBe(202);
    expect(pushed).toEqual([{ service: 'iri', index: '5' }]);
  });

  test('of /notify has index 0: no shortcut is taken', async () => {
    const { ask, pushed } = await setUp();
    expect((await ask('POST', '/notify')).status).toBe(202);
    expect(pushed).toEqual([{ service: 'iri', index: '0' }]);
  });
});

describe('junk is refused, and wakes nobody', () => {
  test.each<[string, string, string, OutgoingHttpHeaders, string, number]>([
    ['a body that is not JSON', 'POST', '/watch/iri', index('5'), 'junk', 400],
    ['an empty body', 'POST', '/watch/iri', index('5'), '', 400],
    ['an object', 'POST', '/watch/iri', index('5'), '{"a":1}', 400],
    ['an array without an end', 'POST', '/watch/iri', index('5'), '[{"a":1},', 400],
    ['no index', 'POST', '/watch/iri', {}, '[]', 400],
    ['an index that is no number', 'POST', '/watch/iri', index('5;x'), '[]', 400],
    ['an index past 64 bits', 'POST', '/watch/iri', index('18446744073709551616'), '[]', 400],
    ['a service that is none', 'POST', '/watch/%00', index('5'), '[]', 400],
    ['a service that looks like a path', 'POST', '/watch/%2e%2e%2f', index('5'), '[]', 404],
    ['a service that no pool has', 'POST', '/watch/made-up', index('5'), '[]', 404],
    ['an encoding that is none', 'POST', '/watch/%zz', index('5'), '[]', 400],
    ['a body that is too long', 'POST', '/watch/iri', index('5'), `{${' '.repeat(2000)}]`, 413],
    ['blanks that are too long', 'POST', '/watch/iri', index('5'), ' '.repeat(2000), 413],
    ['a notification that is too long', 'POST', '/notify', {}, 'x'.repeat(2000), 413],
    ['another method', 'PUT', '/watch/iri', index('5'), '[]', 405],
    ['a GET that would notify', 'GET', '/notify', {}, '', 405],
    ['another path', 'POST', '/else', index('5'), '[]', 404],
    ['a web page of another site', 'POST', '/notify', { origin: 'https://example.com' }, '', 403],
    ['a web page whose name resolves to us', 'POST', '/notify', { host: 'example.com:8401' }, '', 403],
  ])('%s', async (_, method, path, headers, body, expected) => {
    const { ask, pushed } = await setUp();
    expect((await ask(method, path, headers, body)).status).toBe(expected);
    expect(pushed).toEqual([]);
  });

  test('a request that is cut off', async () => {
    const { port, pushed } = await setUp();
    const socket = net.connect(port, '127.0.0.1');
    socket.write(
      'POST /watch/iri HTTP/1.1\r\nHost: localhost\r\nX-Consul-Index: 5\r\nContent-Length: 9\r\n\r\n[]',
    );
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => server.once('request', resolve));
    socket.destroy();
    await closed;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(pushed).toEqual([]);
  });

  test('a service that no pool has is named, and its body is not read', async () => {
    const { ask } = await setUp();
    expect(await ask('POST', '/watch/made-up', index('5'), `[${' '.repeat(50_000)}`)).toEqual({
      status: 404,
      body: { error: 'no pool has the service "made-up"' },
    });
  });

  test('after junk the next event is taken', async () => {
    const { ask, pushed } = await setUp();
    await ask('POST', '/watch/iri', index('5'), 'junk');
    await ask('POST', '/watch/iri', index('6'), '[]');
    expect(pushed).toEqual([{ service: 'iri', index: '6' }]);
  });
});

describe('loopback', () => {
  test.each(['localhost:8401', '127.0.0.1', '127.1.2.3:8401', '[::1]:8401'])(
    'Host %s is this machine',
    async (host) => {
      const { ask } = await setUp();
      expect((await ask('POST', '/notify', { host })).status).toBe(202);
    },
  );

  test('any Host will do where remote clients are allowed, but no web page', async () => {
    const { ask } = await setUp({ allowRemote: true });
    expect((await ask('POST', '/notify', { host: 'lb1.example.com' })).status).toBe(202);
    expect((await ask('POST', '/notify', { origin: 'null' })).status).toBe(403);
  });
});

describe('a token', () => {
  const token = 'a-token-of-some-length';

  test.each([
    ['none', {}],
    ['another', { authorization: 'Bearer a-token-of-some-other-length' }],
    ['another scheme', { authorization: `Basic ${token}` }],
  ])('is asked for: %s is refused, whatever is asked', async (_, headers) => {
    const { ask, pushed } = await setUp({ token, allowRemote: true });
    for (const [method, path] of [
      ['POST', '/notify'],
      ['POST', '/watch/iri'],
      ['GET', '/health'],
    ] as const)
      expect((await ask(method, path, { ...index('5'), ...headers }, '')).status).toBe(401);
    expect(pushed).toEqual([]);
  });

  test('that is right is taken', async () => {
    const { ask, pushed } = await setUp({ token, allowRemote: true });
    const headers = { ...index('5'), authorization: `Bearer ${token}` };
    expect((await ask('POST', '/watch/iri', headers, '[]')).status).toBe(202);
    expect(pushed).toEqual([{ service: 'iri', index: '5' }]);
  });
});

describe('clients that say nothing, or say it slowly, keep nobody out:', () => {
  const HEAD = 'POST /watch/iri HTTP/1.1\r\nHost: localhost\r\nX-Consul-Index: 5\r\n';
  test.each([
    ['connections without a word', ''],
    ['heads without an end', HEAD],
    ['bodies without an end', `${HEAD}Content-Length: 900\r\n\r\n[`],
  ])('%s', async (_, sent) => {
    const { ask, port, pushed } = await setUp();
    const slow = Array.from({ length: 400 }, () => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {});
      return new Promise<net.Socket>((resolve) => socket.write(sent || '\r\n', () => resolve(socket)));
    });
    const sockets = await Promise.all(slow);
    try {
      for (const number of ['6', '7', '8']) {
        expect((await ask('POST', '/watch/iri', index(number), '[]')).status).toBe(202);
        expect(pushed.at(-1)).toEqual({ service: 'iri', index: number });
      }
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('health', () => {
  test('says when it last delivered', async () => {
    const { ask } = await setUp();
    expect(await ask('GET', '/health')).toEqual({ status: 200, body: status });
  });
  test('is 503 while it cannot deliver', async () => {
    const { ask } = await setUp({ failures: 3 });
    expect((await ask('GET', '/health')).status).toBe(503);
  });
});
