// `iri-lb node add` against a real Consul: files, their tokens, and agents that take no script checks.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import type { StandIn } from '../../infra/local/stand-in.js';
import { commandLine } from './command-line.js';
import { LOCAL_ENV, NODE_CHECK, startNode } from './rig.js';

const READ = 'service "iri" { policy = "read" } node_prefix "" { policy = "read" }';
const WRITE = 'service "iri" { policy = "write" } node_prefix "" { policy = "read" }';

let harness: Harness;
let consul: Consul;
let node: StandIn;
let writer: Readonly<Record<string, string>>;
let reader: Readonly<Record<string, string>>;

beforeAll(async () => {
  harness = await startHarness();
  node = await startNode(harness, { name: 'n' });
  consul = await startConsul(harness, { scriptChecks: 'api' });
  const env = { ...LOCAL_ENV, CONSUL_HTTP_ADDR: consul.url };
  writer = { ...env, CONSUL_HTTP_TOKEN: await consul.createPolicyToken(WRITE) };
  reader = { ...env, CONSUL_HTTP_TOKEN: await consul.createPolicyToken(READ) };
}, 120_000);
afterAll(() => harness.close());

const as = (env: Readonly<Record<string, string>>) => commandLine({ env, nodeCheck: NODE_CHECK });
const at = (): string[] => ['--address', node.host, '--port', String(node.port)];
const target = (): string => `${node.host}:${node.port}`;

describe('iri-lb node add, and Consul', () => {
  it('takes every example of a node as a file', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'infra', 'consul', 'examples');
    const files = readdirSync(folder).map((file) => join(folder, file));
    const nodes = files.filter((file) => JSON.parse(readFileSync(file, 'utf8')).service.name === 'iri');
    expect(nodes).toHaveLength(10);
    for (const file of nodes) {
      const { id } = JSON.parse(readFileSync(file, 'utf8')).service;
      expect(await as(writer).run('add', '--file', file)).toMatchObject({ status: 0, err: '' });
      expect(await as(writer).run('remove', id, '--yes')).toMatchObject({ status: 0, err: '' });
    }
  });

  it('registers with the token of the file, and shows it nowhere', async () => {
    const path = join(harness.dir, 'with-token.json');
    const secret = writer.CONSUL_HTTP_TOKEN ?? '';
    const service = { id: 'own', address: node.host, port: node.port, token: secret };
    writeFileSync(path, JSON.stringify({ services: [service] }));
    const added = await as(reader).run('add', '--file', path, '--json');
    expect(added).toMatchObject({ status: 0, err: '' });
    expect(added.out).not.toContain(secret);
    expect(await as(writer).run('remove', 'own', '--yes')).toMatchObject({ status: 0 });

    writeFileSync(path, JSON.stringify({ ...service, token: reader.CONSUL_HTTP_TOKEN }));
    const refused = await as(writer).run('add', '--file', path);
    expect(refused.err).toMatch(/answered 403 .*; the token in the file needs service:write on iri$/);
    expect(refused.err).not.toContain(reader.CONSUL_HTTP_TOKEN);
  });

  it('has every key that it takes taken by Consul', async () => {
    const path = join(harness.dir, 'keys.json');
    const check = {
      ...{ id: 'c', name: 'n', notes: 'n', args: ['true'], interval: '1m30s', timeout: '.5s', shell: '' },
      ...{ status: 'passing', success_before_passing: 1, failures_before_critical: 1, output_max_size: 9 },
      ...{ deregister_critical_service_after: '90m', service_id: 'keys', proxy_http: '', proxy_grpc: '' },
      ...{ tls_skip_verify: true, grpc_use_tls: false, alias_node: '', alias_service: '' },
      ...{
        http: '',
        method: '',
        header: {},
        body: '',
        tcp: '',
        ttl: '0s',
        grpc: '',
        docker_container_id: '',
      },
    };
    const service = {
      ...{ id: 'keys', name: 'iri', address: '10.0.0.9', port: 1, tags: [], meta: { 'a-b_c': '' }, kind: '' },
      ...{ enable_tag_override: true, weights: { passing: 5, warning: 0 }, connect: { native: false } },
      tagged_addresses: { lan: { address: '10.0.0.9', port: 1 } },
    };
    for (const checks of [{ check }, { checks: [check, { script_args: ['true'], interval: '9s' }] }]) {
      writeFileSync(path, JSON.stringify({ service: { ...service, ...checks } }));
      expect(await as(writer).run('add', '--file', path)).toMatchObject({ status: 0, err: '' });
    }
    expect(await as(writer).run('remove', 'keys', '--yes')).toMatchObject({ status: 0, err: '' });
  });

  it('says what to do with an agent that takes script checks from its files only', async () => {
    const files = await startConsul(harness, { acls: false, scriptChecks: 'files' });
    const { status, err } = await as({ ...LOCAL_ENV, CONSUL_HTTP_ADDR: files.url }).run('add', ...at());
    expect(status).toBe(1);
    expect(err).toContain('Scripts are disabled on this agent from remote calls');
    expect(err).toContain('what --print gives');
    const { out } = await as(LOCAL_ENV).run('add', ...at(), '--print');
    await files.reconfigure(JSON.parse(out));
    expect(await files.request('GET', '/v1/agent/services')).toHaveProperty([target()]);
    await files.stop();
  });
});
