// Three Consul servers, one of which dies; and a Consul that speaks TLS and asks for a certificate.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Consul, leaderOf, startConsul, startConsulCluster } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { makeAgent } from '../../lib/consul/agent.js';
import { makeTokenSource } from '../../lib/consul/token.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { client, failure } from './rig.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.close());

test('while the leader dies, a read is the whole catalog or an error, and then the whole catalog again', async () => {
  const servers = await startConsulCluster(harness);
  const [first] = servers;
  if (!first) throw new Error('no server');
  await first.catalogRegister([1, 2, 3, 4, 5].map((n) => ({ node: `n${n}`, service: 'iri', port: n })));
  const leader = await leaderOf(servers);
  // The leader comes first, so every read has to get past it.
  const addresses = [leader, ...servers.filter((server) => server !== leader)].map(({ url }) => url);
  const catalog = client(addresses, { token: first.token, timeoutMs: 3_000 });
  expect((await catalog.readService('iri', { consistent: true })).rows).toHaveLength(5);

  await leader.stop(true);
  const sizes: number[] = [];
  const errors: string[] = [];
  while (sizes.length < 5) {
    await catalog.readService('iri', { consistent: true }).then(
      ({ rows }) => sizes.push(rows.length),
      (error: Error) => errors.push(error.name),
    );
  }
  expect(new Set(sizes)).toEqual(new Set([5]));
  expect(errors.every((name) => name === 'ConsulError')).toBe(true);
});

describe('TLS', () => {
  const pem = (file: string): string => readFileSync(join(harness.dir, 'tls', file), 'utf8');
  let address: string;
  let consul: Consul;

  beforeAll(async () => {
    const cwd = join(harness.dir, 'tls');
    mkdirSync(cwd);
    const run = promisify(execFile);
    const bin = process.env.CONSUL_BIN ?? 'consul';
    await run(bin, ['tls', 'ca', 'create'], { cwd });
    await run(bin, ['tls', 'cert', 'create', '-server'], { cwd });
    await run(bin, ['tls', 'cert', 'create', '-client'], { cwd });
    const https = await harness.freePort();
    consul = await startConsul(harness, {
      config: {
        ports: { https },
        verify_incoming_https: true,
        ca_file: join(cwd, 'consul-agent-ca.pem'),
        cert_file: join(cwd, 'dc1-server-consul-0.pem'),
        key_file: join(cwd, 'dc1-server-consul-0-key.pem'),
      },
    });
    address = `https://127.0.0.1:${https}`;
  });

  const ours = () => ({
    ca: pem('consul-agent-ca.pem'),
    cert: pem('dc1-client-consul-0.pem'),
    key: pem('dc1-client-consul-0-key.pem'),
    serverName: 'server.dc1.consul',
  });

  test('with authority, certificate and server name the catalog is read', async () => {
    const catalog = client([address], { token: consul.token, tls: ours() });
    expect((await catalog.readService('consul')).rows).toHaveLength(1);
    expect(await catalog.mayRead('consul')).toBe('allowed');
  });

  test('the agent takes a registration and gives it up again', async () => {
    const settings = { addresses: [address], tls: ours(), token: consul.token };
    const agent = makeAgent(settings, makeTokenSource(settings, { clock: systemClock }), 5_000);
    await agent.register({ ID: 'one', Name: 'iri', Address: '10.0.0.1', Port: 14265 });
    expect(await consul.request('GET', '/v1/agent/services')).toMatchObject({ one: { Service: 'iri' } });
    await agent.deregister('one', 'iri');
    expect(await agent.find('one', 'iri')).toBeUndefined();
  });

  test('an authority that is not ours is refused', async () => {
    const { ca: _, ...rest } = ours();
    expect(
      await failure(client([address], { token: consul.token, tls: rest }).readService('consul')),
    ).toMatch(/unable to verify the first certificate; check CONSUL_CACERT/);
  });

  test('a certificate for another name is refused', async () => {
    const tls = { ...ours(), serverName: 'other.example.com' };
    expect(await failure(client([address], { token: consul.token, tls }).readService('consul'))).toMatch(
      /other\.example\.com.*; check CONSUL_CACERT/,
    );
  });

  test('without our certificate Consul refuses us', async () => {
    const { cert: _, key: __, ...tls } = ours();
    expect(await failure(client([address], { token: consul.token, tls }).readService('consul'))).toMatch(
      /ConsulError: consul: service consul: https:.*(certificate|alert|socket|ECONNRESET)/,
    );
  });
});
