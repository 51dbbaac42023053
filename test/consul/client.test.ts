// The catalog client against a real Consul, and a proxy for the answers that a real one does not give.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { parseRows } from '../../lib/consul/rows.js';
import { type FaultProxy, startProxy } from './proxy.js';
import { client, failure, heard } from './rig.js';

const NOBODY = 'http://127.0.0.1:1';
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

describe('a read', () => {
  test('gives all rows, and the index as text', async () => {
    const read = await client([consul.url], { token: consul.token }).readService('iri');
    expect(parseRows('iri', read.rows).instances.map(({ node }) => node)).toEqual([
      'node-1',
      'node-2',
      'node-3',
    ]);
    expect(read).toMatchObject({ index: expect.stringMatching(/^\d+$/), lastContactMs: 0, filtered: false });
  });

  test('is one request, with the token in a header and nowhere else', async () => {
    await viaProxy().readService('iri');
    const [request] = proxy.requests;
    expect(proxy.requests).toHaveLength(1);
    expect(request?.url).toBe('/v1/health/service/iri');
    expect(request?.headers['x-consul-token']).toBe(consul.token);
    expect(request?.headers.connection).toBe('close');
  });

  test('asks a quorum when told to', async () => {
    await viaProxy().readService('iri', { consistent: true });
    expect(proxy.requests[0]?.url).toBe('/v1/health/service/iri?consistent=1');
  });

  test('says that results were filtered', async () => {
    proxy.fault(() => ({ kind: 'headers', headers: { 'x-consul-results-filtered-by-acls': 'true' } }));
    expect(await viaProxy().readService('iri')).toMatchObject({ filtered: true });
  });

  test('of a server that knows no leader is a failure, and the next address is asked', async () => {
    proxy.fault(() => ({ kind: 'headers', headers: { 'x-consul-knownleader': 'false' } }));
    expect(await failure(viaProxy().readService('iri'))).toMatch(/knows no leader .*has Consul a leader\?/);
    const both = client([proxy.url, consul.url], { token: consul.token });
    expect((await both.readService('iri')).rows).toHaveLength(3);
  });

  test('of a server that has not heard of the leader for long is asked for again, of a quorum', async () => {
    proxy.fault(({ url }) =>
      url.includes('consistent')
        ? undefined
        : { kind: 'headers', headers: { 'x-consul-lastcontact': '6000' } },
    );
    expect(await viaProxy().readService('iri')).toMatchObject({ lastContactMs: 0 });
    expect(proxy.requests.map(({ url }) => url)).toEqual([
      '/v1/health/service/iri',
      '/v1/health/service/iri?consistent=1',
    ]);
  });

  test('keeps an index that no JavaScript number holds', async () => {
    proxy.fault(() => ({ kind: 'headers', headers: { 'x-consul-index': '18446744073709551615' } }));
    expect((await viaProxy().readService('iri')).index).toBe('18446744073709551615');
  });

  test('sends namespace and datacenter itself', async () => {
    proxy.fault(() => ({ kind: 'status', status: 400, body: 'Namespaces are a Consul Enterprise feature' }));
    const scoped = client([proxy.url], { token: consul.token, namespace: 'team', datacenter: 'dc2' });
    expect(await failure(scoped.readService('iri'))).toMatch(
      /400 .*Enterprise.*; check CONSUL_NAMESPACE, CONSUL_PARTITION and/,
    );
    expect(proxy.requests[0]?.headers['x-consul-namespace']).toBe('team');
    expect(proxy.requests[0]?.url).toBe('/v1/health/service/iri?dc=dc2');
  });
});

describe('a read of an index at least', () => {
  test('waits until Consul is there', async () => {
    // One that never was has the index of the whole catalog, which the agent itself may still move.
    await consul.catalogRegister([{ node: 'node-8', service: 'later', port: 1 }]);
    const { index } = await viaProxy().readService('later');
    const read = viaProxy().readService('later', { minIndex: String(BigInt(index) + 1n) });
    await waitFor(() => proxy.requests.length === 2, { what: 'the blocking read' });
    await consul.catalogRegister([{ node: 'node-9', service: 'later', port: 1 }]);
    expect((await read).rows).toHaveLength(2);
  });

  test('comes back with what there is when that never comes', async () => {
    const read = await viaProxy(1_900).readService('iri', { minIndex: '18446744073709551615' });
    expect(read.rows).toHaveLength(3);
    expect(proxy.requests[0]?.url).toMatch(/\?index=18446744073709551614&wait=\d{2,3}ms$/);
  });

  test.each(['0', '1', 'junk'])('never sends index 0 (%s)', async (minIndex) => {
    await viaProxy().readService('iri', { minIndex });
    expect(proxy.requests[0]?.url).toBe('/v1/health/service/iri');
  });
});

describe('several addresses', () => {
  test('are tried in turn, and the one that answered is asked first from then on', async () => {
    const both = client([NOBODY, proxy.url], { token: consul.token });
    expect((await both.readService('iri')).rows).toHaveLength(3);
    expect((await both.readService('iri')).rows).toHaveLength(3);
    expect(proxy.requests).toHaveLength(2);
  });

  test('a silent one does not use up the time of the others', async () => {
    proxy.fault(() => ({ kind: 'silent' }));
    const both = client([proxy.url, consul.url], { token: consul.token, timeoutMs: 2_000 });
    expect((await both.readService('iri')).rows).toHaveLength(3);
  });

  test.each(['status', 'cut', 'junk'])('one that answers badly (%s) is passed over', async (what) => {
    proxy.fault(() =>
      what === 'status'
        ? { kind: 'status', status: 500, body: 'No cluster leader' }
        : what === 'cut'
          ? { kind: 'cut' }
          : { kind: 'body', body: '<html>' },
    );
    const both = client([proxy.url, consul.url], { token: consul.token });
    expect((await both.readService('iri')).rows).toHaveLength(3);
    expect(proxy.requests).toHaveLength(1);
  });

  test('all down: the error names each', async () => {
    expect(await failure(client([NOBODY, 'http://[::1]:1']).readService('iri'))).toBe(
      `ConsulError: consul: service iri: ${NOBODY}: connect ECONNREFUSED 127.0.0.1:1; http://[::1]:1: connect ECONNREFUSED ::1:1; is this Consul, is it up, and is CONSUL_HTTP_ADDR right?`,
    );
  });
});

test('2,000 instances are read whole', async () => {
  const tags = Array.from({ length: 20 }, (_, n) => `haproxy.tag-${n}=${'x'.repeat(40)}`);
  const instances = Array.from({ length: 2_000 }, (_, n) => ({
    node: `many-${n}`,
    service: 'many',
    port: 1,
    tags,
  }));
  await consul.catalogRegister(instances);
  const { rows } = await viaProxy().readService('many');
  expect(rows).toHaveLength(2_000);
});
