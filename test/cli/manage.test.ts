// `iri-lb node add|remove|list|check` against a real Consul with ACLs and a real HAProxy.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import type { StandIn } from '../../infra/local/stand-in.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeRunner } from '../../lib/run/runner.js';
import { commandLine } from './command-line.js';
import { iriConfig, LOCAL_ENV, NODE_CHECK, startNode, waitForHealth } from './rig.js';

const NODES = 'node_prefix "" { policy = "read" }';
const READ = `service "iri" { policy = "read" } ${NODES}`;
const WRITE = `service "iri" { policy = "write" } ${NODES} agent_prefix "" { policy = "read" }`;

let harness: Harness;
let consul: Consul;
let node: StandIn;
let writer: Readonly<Record<string, string>>;
let reader: Readonly<Record<string, string>>;

beforeAll(async () => {
  harness = await startHarness();
  node = await startNode(harness, { name: 'n' });
  consul = await startConsul(harness, { scriptChecks: 'api' });
  const adminPort = await harness.freePort();
  const backends = iriConfig.pools.map(({ backend, ranges }) => ({
    name: backend,
    ranges: ranges.map((range) => ({ ...range, slots: 5 })),
  }));
  await startHAProxy(harness, { config: minimalConfig({ backends, adminPort }), adminPort });
  const HAPROXY_ADDRESSES = `tcp://127.0.0.1:${adminPort}`;
  const env = { ...LOCAL_ENV, CONSUL_HTTP_ADDR: consul.url, HAPROXY_ADDRESSES };
  writer = { ...env, CONSUL_HTTP_TOKEN: await consul.createPolicyToken(WRITE) };
  reader = { ...env, CONSUL_HTTP_TOKEN: await consul.createPolicyToken(READ) };
}, 120_000);
afterAll(() => harness.close());

const as = (env: Readonly<Record<string, string>>, answer?: boolean) =>
  commandLine({ env, nodeCheck: NODE_CHECK, ...(answer === undefined ? {} : { answer }) });
const at = (): string[] => ['--address', node.host, '--port', String(node.port)];
const target = (): string => `${node.host}:${node.port}`;

describe('iri-lb node', () => {
  it('registers a node that then passes its check, serves, and is listed with its slot', async () => {
    const added = await as(writer).run('add', ...at(), '--pow', 'false', '--check-interval', '1s');
    expect(added).toEqual({
      status: 0,
      out: `registered ${target()} as iri with the agent at ${consul.url}`,
      err: '',
    });
    await waitForHealth(consul, target(), 'passing');
    const before = await as(reader).run('list');
    expect(before.out).toMatch(/passing .* no slot/);

    await makeRunner(readSettings(reader)).run({ mode: 'apply' });
    const { status, out, err } = await as(reader).run('list', '--json');
    expect([status, err]).toEqual([0, '']);
    const ours = {
      node: consul.nodeName,
      id: target(),
      service: 'iri',
      address: target(),
      health: 'passing',
    };
    const slot = { backend: 'iri_back', slot: expect.stringMatching(/^irisrv\d$/), state: 'ready' };
    expect(JSON.parse(out)).toEqual({
      version: 1,
      nodes: [
        {
          ...ours,
          tags: ['haproxy.pow=false'],
          leadsTo: [target()],
          haproxy: { [reader.HAPROXY_ADDRESSES ?? '']: [expect.objectContaining(slot)] },
        },
      ],
    });
    expect((await as(reader).run('list')).out).toMatch(
      /passing .*haproxy\.pow=false.* iri_back\/irisrv\d ready/,
    );
  });

  it('lists both instances at one host name with the slot that they share', async () => {
    const port = String(node.port);
    for (const id of ['one', 'two']) {
      const named = ['--address', 'localhost', '--port', port, '--id', id, '--no-check'];
      expect(await as(writer).run('add', ...named)).toMatchObject({ status: 0 });
    }
    await makeRunner(readSettings(reader)).run({ mode: 'apply' });
    const { out } = await as(reader).run('list');
    for (const id of ['one', 'two']) {
      expect(out).toMatch(new RegExp(`${id} .*localhost:${port} .* iri_back/irisrv\\d ready`));
      expect(await as(writer).run('remove', id, '--yes')).toMatchObject({ status: 0 });
    }
  });

  it('lists what Consul has also when a load balancer cannot be read, and fails', async () => {
    const { status, out, err } = await as({ ...reader, HAPROXY_ADDRESSES: 'tcp://127.0.0.1:1' }).run('list');
    expect(status).toBe(1);
    expect(out).toContain(target());
    expect(err).toMatch(/^iri-lb: haproxy tcp:\/\/127\.0\.0\.1:1: cannot connect/);
  });

  it('checks a registered node by id or address, and any by URL', async () => {
    for (const name of [target(), `${consul.nodeName}/${target()}`, node.url]) {
      const ran = await as(reader).run('check', name);
      expect(ran).toEqual({ status: 0, out: expect.stringMatching(/: ok, IRI 1\.5\.6/), err: '' });
    }
    const { status, out } = await as(reader).run('check', target(), '--json', '--check-args', '-n 9');
    expect([status, JSON.parse(out)]).toEqual([
      2,
      { version: 1, node: target(), ok: false, message: `${node.url}: too few neighbors: 5, fewer than 9` },
    ]);
    const elsewhere = await as(reader).run('check', target(), '--check-args', '-a http://127.0.0.1:1');
    expect(elsewhere).toMatchObject({ status: 64, err: expect.stringContaining('-a is the address of the') });
    const nobody = await as(reader).run('check', '10.9.9.9:1');
    expect(nobody).toMatchObject({
      status: 64,
      err: expect.stringContaining('no node 10.9.9.9:1 in Consul'),
    });
  });

  it('asks before it removes a passing node, and refuses where nobody can be asked', async () => {
    const label = `${consul.nodeName}/${target()}`;
    expect(await as(writer).run('remove', target())).toEqual({
      status: 1,
      out: '',
      err: `iri-lb: ${label} is passing; say --yes to remove it all the same`,
    });
    const no = as(writer, false);
    expect(await no.run('remove', target())).toMatchObject({
      status: 1,
      err: `iri-lb: ${label} was not removed`,
    });
    expect(no.asked).toEqual([`${label} (${target()}) is passing. Remove it?`]);
    const yes = as(writer, true);
    expect((await yes.run('remove', target())).out).toBe(`removed ${label} (${target()})`);
    expect((await as(reader).run('list', '--json')).out).toContain('"nodes": []');
    expect((await as(reader).run('list')).out).toBe('no nodes in Consul');
  });

  it('removes a passing node with --yes and a critical one without a word', async () => {
    await as(writer).run('add', ...at(), '--no-check');
    const removed = await as(writer).run('remove', target(), '--yes', '--json');
    expect(JSON.parse(removed.out)).toEqual({
      version: 1,
      agent: consul.url,
      removed: { node: consul.nodeName, id: target(), service: 'iri', address: target() },
    });
    await as(writer).run('add', ...at(), '--id', 'sick', '--check-args', '-n 9', '--check-interval', '1s');
    await waitForHealth(consul, 'sick', 'critical');
    const nobodyAsked = as(writer, false);
    expect(await nobodyAsked.run('remove', 'sick')).toMatchObject({ status: 0, err: '' });
    expect(nobodyAsked.asked).toEqual([]);
  });

  it('wants the node named where an address has several, and leaves those of other agents alone', async () => {
    const shared = { service: 'iri', address: '10.0.0.7', port: 14265 };
    await consul.catalogRegister([
      { ...shared, node: 'a1', id: 'one' },
      { ...shared, node: 'a2', id: 'two' },
    ]);
    expect((await as(writer).run('remove', '10.0.0.7:14265', '--yes')).err).toBe(
      'iri-lb: 10.0.0.7:14265 may be any of a1/one, a2/two; name one of these',
    );
    expect((await as(writer).run('remove', 'a1/one', '--yes')).err).toBe(
      `iri-lb: a1/one is of the agent of node a1, and ${consul.url} is that of local; run this there, or, where that agent is gone for good: consul force-leave a1, else curl -X PUT ${consul.url}/v1/catalog/deregister -d '{"Node":"a1","ServiceID":"one"}'`,
    );
    await consul.catalogDeregister([
      { node: 'a1', id: 'one' },
      { node: 'a2', id: 'two' },
    ]);
  });

  it('says which right a token lacks, and never the token', async () => {
    const refused = await as(reader).run('add', ...at());
    expect(refused).toEqual({
      status: 1,
      out: '',
      err: expect.stringMatching(
        /answered 403 .*; the token in CONSUL_HTTP_TOKEN needs service:write on iri$/,
      ),
    });
    const blind = { ...reader, CONSUL_HTTP_TOKEN: await consul.createPolicyToken('') };
    const unread = await as(blind).run('list');
    expect(unread.err).toMatch(
      /the token may not read service iri, .*; give the one in \S+ service:read on iri and node:read/,
    );
    const unknown = await as({ ...reader, CONSUL_HTTP_TOKEN: 'mistyped-secret' }).run('add', ...at());
    expect(unknown).toMatchObject({ status: 1, err: expect.stringContaining('answered 403') });
    for (const { out, err } of [refused, unread, unknown]) {
      for (const secret of [reader.CONSUL_HTTP_TOKEN, blind.CONSUL_HTTP_TOKEN, 'mistyped-secret']) {
        expect(out + err).not.toContain(secret);
      }
    }
  });
});
