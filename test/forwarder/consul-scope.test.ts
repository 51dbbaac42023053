// What is rendered for a catalog elsewhere: a watch on another datacenter, and what a namespace allows.
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { registerRender } from '../../lib/cli/render.js';
import { client } from '../consul/rig.js';
import { startForwarder } from './process.js';
import { startRecorder } from './recorder.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.close());

/** What `iri-lb render` prints on both outputs, and its exit status. */
async function render(env: Record<string, string>, ...args: readonly string[]) {
  const lines = { out: [] as string[], err: [] as string[] };
  let status = 0;
  const program = new Command();
  registerRender(program, {
    out: (line) => lines.out.push(`${line}\n`),
    err: (line) => lines.err.push(`${line}\n`),
    env,
    exit: (given) => {
      status = given;
    },
  });
  await program.parseAsync(['render', ...args], { from: 'user' });
  return { out: lines.out.join(''), err: lines.err.join(''), status };
}

const register = ({ catalogRegister }: Consul, n: number) =>
  catalogRegister([{ node: `node-${n}`, service: 'iri', port: 14265 }]);

async function wanPort({ request }: Consul): Promise<number> {
  const [member] = (await request('GET', '/v1/agent/members?wan=1')) as { readonly Port: number }[];
  return member?.Port ?? 0;
}

test('the watch is on the datacenter that the functions read, with its indexes', async () => {
  const start = (datacenter: string): Promise<Consul> =>
    startConsul(harness, { acls: false, config: { datacenter, node_name: `agent-${datacenter}` } });
  const [here, there] = await Promise.all([start('dc1'), start('dc2')]);
  await here.request('PUT', `/v1/agent/join/127.0.0.1:${await wanPort(there)}?wan=1`);
  const catalog = client([here.url], { datacenter: 'dc2' });
  await waitFor(async () => (await catalog.readService('iri')).index, { what: 'the datacenters to meet' });
  // So that no index of the one can be taken for one of the other.
  for (let n = 1; n <= 50; n += 1) await register(here, n);

  const recorder = await startRecorder();
  harness.onClose(() => recorder.close());
  const { url } = await startForwarder(harness, recorder.url);
  const { out } = await render({ CONSUL_DATACENTER: 'dc2' }, 'consul', '--forwarder', url);
  await here.reconfigure(JSON.parse(out));
  await register(there, 1);
  const last = () => BigInt(recorder.accepted.at(-1)?.index ?? 0);
  const { index } = await catalog.readService('iri');
  await waitFor(() => last() >= BigInt(index), { what: 'the event', detail: () => here.child.output() });
  const { index: ofHere } = await client([here.url]).readService('iri');
  expect(BigInt(ofHere)).toBeGreaterThan(last());
});

const NAMESPACE = { CONSUL_NAMESPACE: 'team' };

test('the policy grants in the namespace, and nothing outside of it', async () => {
  const { out } = await render({ ...NAMESPACE, HAPROXY_ADDRESSES: 'consul:haproxy' }, 'policy');
  expect(out.split('\n').slice(1).join('\n')).toBe(`namespace "team" {
  service "haproxy" {
    policy = "read"
  }
  service "iri" {
    policy = "read"
  }
  node_prefix "" {
    policy = "read"
  }
}
`);
});

test('a namespace that would end the quotes is refused', async () => {
  const { out, err, status } = await render({ CONSUL_NAMESPACE: 'a" { }' }, 'policy');
  expect([out, status]).toEqual(['', 1]);
  expect(err).toContain('CONSUL_NAMESPACE: "a\\" { }" is no namespace; use letters, digits and hyphens');
});

test('a watch in a namespace is refused, since Consul does not start with one', async () => {
  const { out, err, status } = await render(NAMESPACE, 'consul');
  expect([out, status]).toEqual(['', 1]);
  expect(err).toContain("CONSUL_NAMESPACE: an agent's watch knows no namespaces; leave it to the resync");
  const [watch] = JSON.parse((await render({}, 'consul')).out).watches;
  const config = { watches: [{ ...watch, namespace: 'team' }] };
  await expect(startConsul(harness, { config })).rejects.toThrow('Invalid parameters: [namespace]');
});
