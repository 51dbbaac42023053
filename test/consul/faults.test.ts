// What the catalog client makes of answers that a real Consul hardly ever gives.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { type FaultProxy, startProxy } from './proxy.js';
import { client, failure, heard } from './rig.js';

const NO_LEADER = 'No cluster leader';
let harness: Harness;
let consul: Consul;
let proxy: FaultProxy;

beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness);
  await consul.catalogRegister(
    [1, 2, 3].map((n) => ({
      node: `node-${n}`,
      service: 'iri',
      id: 'iri-1',
      address: `10.0.0.${n}`,
      port: 14265,
    })),
  );
});
afterAll(async () => {
  await harness?.close();
  expect(heard.join('\n')).not.toContain(consul.token);
});
beforeEach(async () => {
  proxy = await startProxy(consul.url);
});
afterEach(() => proxy.close());

const viaProxy = (timeoutMs = 5_000) => client([proxy.url], { token: consul.token, timeoutMs });

describe('a failure that may pass', () => {
  test.each([
    [500, NO_LEADER],
    [429, 'Your IP is issuing too many concurrent connections'],
    [503, 'rate limit exceeded, try again later'],
    [502, 'Bad Gateway'],
    [504, 'Gateway Timeout'],
  ])('%i is tried again, once, and told', async (status, body) => {
    proxy.fault((_, nth) => (nth === 1 ? { kind: 'status', status, body } : undefined));
    expect((await viaProxy().readService('iri')).rows).toHaveLength(3);
    expect(heard.at(-1)).toBe(
      `consul: service iri: ${proxy.url}: ${status} "${body}"; answered at the second try`,
    );
    proxy.fault(() => ({ kind: 'status', status, body }));
    expect(await failure(viaProxy().readService('iri'))).toContain(`${proxy.url}: ${status} "${body}"; `);
    expect(proxy.requests).toHaveLength(4);
  });

  test.each(['cut', 'close'] as const)('a connection that breaks (%s) is tried again, once', async (kind) => {
    proxy.fault((_, nth) => (nth === 1 ? { kind } : undefined));
    expect((await viaProxy().readService('iri')).rows).toHaveLength(3);
    proxy.fault(() => ({ kind }));
    expect(await failure(viaProxy().readService('iri'))).toMatch(/^ConsulError: .*(cut off|socket hang up)/);
    expect(proxy.requests).toHaveLength(4);
  });
});

test('what Consul said is told also when the second try runs out of time', async () => {
  proxy.fault((_, nth) =>
    nth === 1 ? { kind: 'status', status: 500, body: NO_LEADER } : { kind: 'silent' },
  );
  expect(await failure(viaProxy(1_000).readService('iri'))).toBe(
    `ConsulError: consul: service iri: ${proxy.url}: 500 "${NO_LEADER}"; has Consul a leader?`,
  );
  expect(proxy.requests).toHaveLength(2);
});

describe('what is no answer is an error, never a smaller catalog', () => {
  test.each<[string, Parameters<FaultProxy['fault']>[0], string]>([
    ['not JSON', () => ({ kind: 'body', body: '[{"Node":' }), 'the answer is not JSON'],
    ['a web page', () => ({ kind: 'body', body: '<html>', type: 'text/html' }), 'the answer is not JSON'],
    ['an empty 200', () => ({ kind: 'body', body: '' }), 'the answer is not JSON'],
    ['null', () => ({ kind: 'body', body: 'null' }), 'the answer is not a JSON array'],
    ['an object', () => ({ kind: 'body', body: '{}' }), 'the answer is not a JSON array'],
    [
      'an array that is not from Consul',
      () => ({ kind: 'headers', headers: { 'x-consul-index': undefined } }),
      'the answer has no X-Consul-Index',
    ],
    ['status 204', () => ({ kind: 'status', status: 204 }), '204'],
    ['status 301', () => ({ kind: 'status', status: 301 }), '301'],
    [
      'status 404',
      () => ({ kind: 'status', status: 404, body: '404 page not found' }),
      '404 "404 page not found"',
    ],
  ])('%s', async (_, fault, words) => {
    proxy.fault(fault);
    expect(await failure(viaProxy().readService('iri'))).toBe(
      `ConsulError: consul: service iri: ${proxy.url}: ${words}; is this Consul, is it up, and is CONSUL_HTTP_ADDR right?`,
    );
    expect(proxy.requests).toHaveLength(1);
  });

  test.each(['stall', 'silent'] as const)(
    'an answer that does not end (%s) is given up in time',
    async (kind) => {
      proxy.fault(() => ({ kind }));
      expect(await failure(viaProxy(300).readService('iri'))).toMatch(/: no answer within \d+ ms; /);
    },
  );

  test('an answer that shows what was asked does not show the token', async () => {
    proxy.fault(() => ({ kind: 'echo' }));
    expect(await failure(viaProxy().readService('iri'))).toContain('(token)');
  });
});
