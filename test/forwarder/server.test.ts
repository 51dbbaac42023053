// The forwarder's HTTP side: what counts as an event, and what is refused.
import http, { type OutgoingHttpHeaders } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { makeServer } from '../../lib/forwarder/server.js';
import type { WatchEvent } from '../../lib/model/watch-event.js';

let server: http.Server;
afterEach(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));

const status = { lastDelivered: '2026-01-01T00:00:00.000Z', pending: 0, failures: 0, lastError: null };

async function setUp(options: { allowRemote?: boolean; failures?: number } = {}) {
  const pushed: WatchEvent[] = [];
  const { allowRemote = false, failures = 0 } = options;
  server = makeServer({
    delivery: {
      push: (event) => void pushed.push(event),
      status: () => ({ ...status, failures }),
      idle: async () => {},
    },
    service: 'iri',
    allowRemote,
    maxBodyBytes: 1000,
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
    ['a service that is none', 'POST', '/watch/%2e%2e%2f', index('5'), '[]', 400],
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
