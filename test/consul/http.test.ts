// The HTTP client against a real Consul, and a proxy for the answers that a real one does not give.
import http from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { closeServer } from '../../infra/local/http-server.js';
import { type HttpReply, type HttpRequest, makeHttpClient } from '../../lib/consul/http.js';
import { type FaultProxy, startProxy } from './proxy.js';
import { failure, heard } from './rig.js';

let harness: Harness;
let consul: Consul;
let proxy: FaultProxy;

beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness);
  await consul.register({ Name: 'iri', Port: 1, Tags: ['haproxy.weight=5'] });
});
afterAll(async () => {
  await harness?.close();
  expect(heard.join('\n')).not.toContain(consul.token);
});
beforeEach(async () => {
  proxy = await startProxy(consul.url);
});
afterEach(() => proxy.close());

/** Asks through the proxy, with the management token. */
function ask(path: string, more: Partial<HttpRequest> = {}, namespace?: string): Promise<HttpReply> {
  const client = makeHttpClient(proxy.url, { tls: {}, ...(namespace === undefined ? {} : { namespace }) });
  return client.request({ method: 'GET', path, secret: consul.token, timeoutMs: 5_000, ...more });
}

describe('a request', () => {
  test('goes out as it is, with the token in a header, and over a connection of its own', async () => {
    const body = {
      Node: 'n',
      Address: '10.0.0.1',
      Check: { Name: 'c', Notes: 'é {x} "' },
      Unknown: [1, null],
    };
    const query = { dc: 'dc1', tag: 'a b&c' };
    const reply = await ask('/v1/catalog/register', { method: 'PUT', query, body }, 'team');
    const [request] = proxy.requests;
    expect(proxy.requests).toHaveLength(1);
    expect([request?.method, request?.url]).toEqual(['PUT', '/v1/catalog/register?dc=dc1&tag=a%20b%26c']);
    expect(request?.body).toBe(JSON.stringify(body));
    expect(request?.headers).toMatchObject({
      connection: 'close',
      'content-length': String(Buffer.byteLength(JSON.stringify(body))),
      'x-consul-namespace': 'team',
      'x-consul-token': consul.token,
    });
    // This Consul knows no namespaces, and says so.
    expect([reply.status, reply.body.toString()]).toEqual([400, expect.stringContaining('Enterprise')]);
  });

  test.each([undefined, ''])('sends no header for a token that is none (%j)', async (secret) => {
    expect((await ask('/v1/status/leader', { secret })).status).toBe(200);
    expect(proxy.requests[0]?.headers).not.toHaveProperty('x-consul-token');
    expect(proxy.requests[0]?.headers).not.toHaveProperty('x-consul-namespace');
  });

  test.each(['PUT', 'DELETE'])('of %s without a body is one of no bytes', async (method) => {
    expect((await ask('/v1/kv/nothing', { method })).status).toBeLessThan(500);
    expect(proxy.requests[0]).toMatchObject({ method, body: '', headers: { 'content-length': '0' } });
  });

  test('finds an IPv6 literal', async () => {
    const hosts: unknown[] = [];
    const server = http.createServer(({ headers }, response) => {
      hosts.push(headers.host);
      response.end('here');
    });
    const port = await harness.freePort();
    await new Promise<void>((resolve) => server.listen(port, '::1', resolve));
    try {
      const client = makeHttpClient(`http://[::1]:${port}`, { tls: {} });
      const { body } = await client.request({
        method: 'GET',
        path: '/',
        secret: undefined,
        timeoutMs: 5_000,
      });
      expect([body.toString(), ...hosts]).toEqual(['here', `[::1]:${port}`]);
    } finally {
      await closeServer(server);
    }
  });
});

describe('a reply', () => {
  test('has status, headers and the very bytes', async () => {
    const { status, headers, body } = await ask('/v1/health/service/iri');
    expect([status, headers['x-consul-index']]).toEqual([200, expect.stringMatching(/^\d+$/)]);
    expect(JSON.parse(body.toString())).toMatchObject([{ Service: { Tags: ['haproxy.weight=5'] } }]);
  });

  test.each([204, 301, 400, 403, 404, 429, 500, 503])('may have status %i', async (status) => {
    proxy.fault(() => ({ kind: 'status', status, ...(status === 204 ? {} : { body: 'so it is' }) }));
    const reply = await ask('/v1/status/leader');
    expect([reply.status, reply.body.toString()]).toEqual([status, status === 204 ? '' : 'so it is']);
    expect(proxy.requests).toHaveLength(1);
  });

  test('is bounded where a bound is given', async () => {
    const size = 300_000;
    proxy.fault(() => ({ kind: 'body', body: 'x'.repeat(size) }));
    expect((await ask('/v1/status/leader', { maxBytes: size })).body).toHaveLength(size);
    expect(await failure(ask('/v1/status/leader', { maxBytes: size - 1 }))).toBe(
      'RequestFailure: the answer is too large',
    );
  });
});

describe('no reply', () => {
  test.each(['stall', 'silent'] as const)('in time (%s)', async (kind) => {
    proxy.fault(() => ({ kind }));
    expect(await failure(ask('/v1/health/service/iri', { timeoutMs: 300 }))).toBe(
      'RequestFailure: no answer within 300 ms',
    );
  });

  test.each([0, -1])('is waited for where no time is left (%i ms)', async (timeoutMs) => {
    proxy.fault(() => ({ kind: 'silent' }));
    expect(await failure(ask('/v1/status/leader', { timeoutMs }))).toBe(
      `RequestFailure: no answer within ${timeoutMs} ms`,
    );
  });

  test('is a whole one: the answer is cut off', async () => {
    proxy.fault(() => ({ kind: 'cut' }));
    expect(await failure(ask('/v1/health/service/iri'))).toBe('RequestFailure: the answer was cut off');
  });

  test('comes: the connection is closed, or there is none', async () => {
    proxy.fault(() => ({ kind: 'close' }));
    expect(await failure(ask('/v1/status/leader'))).toBe('RequestFailure: socket hang up');
    const client = makeHttpClient('http://127.0.0.1:1', { tls: {} });
    const request = { method: 'GET', path: '/', secret: consul.token, timeoutMs: 5_000 };
    expect(await failure(client.request(request))).toBe('RequestFailure: connect ECONNREFUSED 127.0.0.1:1');
  });

  test('comes to what is closed while it waits', async () => {
    proxy.fault(() => ({ kind: 'silent' }));
    const client = makeHttpClient(proxy.url, { tls: {} });
    const path = '/v1/status/leader';
    const reply = client.request({ method: 'GET', path, secret: consul.token, timeoutMs: 20_000 });
    const failed = failure(reply);
    await expect.poll(() => proxy.requests.length, { timeout: 10_000 }).toBe(1);
    client.close();
    expect(await failed).toBe('RequestFailure: socket hang up');
  });

  test('shows the token, also where it cannot be sent', async () => {
    const secret = `${consul.token}\n`;
    expect(await failure(ask('/v1/status/leader', { secret }))).toMatch(/^RequestFailure: Invalid character/);
    expect(proxy.requests).toEqual([]);
  });
});
