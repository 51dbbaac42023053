// The forwarder behind a watch of a real Consul with ACLs on: as HTTP handler and as script handler.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import { renderConsulAgent } from '../../lib/render/consul/agent.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { client } from '../consul/rig.js';
import { environmentFor, FORWARDER, startForwarder } from './process.js';
import { type Recorder, startRecorder } from './recorder.js';

const { config } = readSettings({});
let harness: Harness;
let consul: Consul;
let recorder: Recorder;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.close());
beforeEach(async () => {
  recorder = await startRecorder();
  consul = await startConsul(harness);
});
afterEach(async () => {
  await consul.stop();
  await recorder.close();
});

/** A watch reads with the agent's default token; the rendered policy is enough for it. */
async function addWatches(agent: object): Promise<void> {
  const token = await consul.createPolicyToken(renderPolicy(config));
  await consul.reconfigure({ ...agent, acl: { tokens: { default: token } } });
}

const register = (port: number) => consul.register({ Name: 'iri', ID: `iri-${port}`, Port: port });

/** Waits until the last event accepted is the one of Consul's state now. */
async function upToDate(): Promise<void> {
  const catalog = client([consul.url], { token: consul.token });
  await waitFor(
    async () => {
      const { index } = await catalog.readService('iri');
      return BigInt(recorder.accepted.at(-1)?.index ?? 0) >= BigInt(index);
    },
    { what: 'an event for the current index', detail: () => consul.child.output() },
  );
}

test('over HTTP, with the rendered agent configuration', async () => {
  const { url } = await startForwarder(harness, recorder.url);
  await addWatches(JSON.parse(renderConsulAgent(config, { forwarderUrl: url })));
  await register(1);
  await upToDate();
  const before = recorder.accepted.length;
  await register(2);
  await upToDate();
  await consul.deregister('iri-1');
  await upToDate();
  expect(recorder.accepted.length).toBeGreaterThan(before);
  expect(recorder.accepted.every(({ service }) => service === 'iri')).toBe(true);
});

test('as a script, also while the endpoint is down: the watch waits, and the last state is delivered', async () => {
  const env = Object.entries(environmentFor(recorder.url)).map(([name, value]) => `${name}=${value}`);
  recorder.answer({ status: 503 });
  await addWatches({
    watches: [{ type: 'service', service: 'iri', args: ['env', ...env, ...FORWARDER] }],
  });
  await register(1);
  await waitFor(() => recorder.received.length >= 2, { what: 'a second attempt' });
  for (const port of [2, 3, 4, 5]) await register(port);
  recorder.answer({ status: 202 });
  await upToDate();
  expect(recorder.accepted.length).toBeLessThanOrEqual(3);
});

test('the rendered configuration is one that Consul accepts, with a watch per service', async () => {
  const { pools } = config;
  const [pool] = pools;
  if (!pool) throw new Error('no pool');
  const two = { pools: [...pools, { ...pool, backend: 'other', service: 'hornet' }] };
  const text = renderConsulAgent(two, { forwarderUrl: 'http://127.0.0.1:8401/' });
  const file = join(harness.dir, 'watches.json');
  writeFileSync(file, text);
  const agent = join(harness.dir, 'agent.json');
  writeFileSync(agent, JSON.stringify({ data_dir: harness.dir, bind_addr: '127.0.0.1' }));
  const { stdout } = await promisify(execFile)(process.env.CONSUL_BIN ?? 'consul', ['validate', agent, file]);
  expect(stdout).toContain('Configuration is valid');
  expect(JSON.parse(text).watches).toEqual(
    ['hornet', 'iri'].map((service) => ({
      type: 'service',
      service,
      handler_type: 'http',
      http_handler_config: { path: `http://127.0.0.1:8401/watch/${service}`, method: 'POST', timeout: '10s' },
    })),
  );
});
