// The registration examples: what `node add` would write, taken by the real Consul, checked for real.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { type Certificate, makeCertificate } from '../../infra/local/stand-in-tls.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { parseServiceFile, toFileForm } from '../../lib/cli/node-file.js';
import { completeRegistration } from '../../lib/cli/node-registration.js';
import type { ServiceDefinition } from '../../lib/model/registration.js';
import { type AgentCheck, checksOf, iriConfig, NODE_CHECK, startNode } from './rig.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'infra', 'consul', 'examples');

interface Example {
  readonly file: string;
  readonly text: string;
  readonly service: ServiceDefinition;
}

/** Those of nodes; a load balancer is registered under another name. */
const examples = readdirSync(FOLDER)
  .sort()
  .map((file): Example => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    const refuse = ({ path, message }: { path: string; message: string }): never => {
      throw new Error(`${file}: ${path}: ${message}`);
    };
    return { file, text, service: parseServiceFile(text, refuse) };
  })
  .filter(({ service }) => service.Name === 'iri');

let harness: Harness;
let certificate: Certificate;

beforeAll(async () => {
  harness = await startHarness();
  certificate = await makeCertificate(harness.dir, 'node');
});
afterAll(() => harness.close());

describe('the registration examples', () => {
  it('are there for each kind of node', () => {
    expect(examples.map(({ file }) => file.replace('.json', ''))).toEqual([
      ...['host-name', 'https-unverified', 'https', 'maxconn-weight', 'maxconnpow', 'meta'],
      ...['no-pow', 'plain', 'pow-only', 'pow'],
    ]);
  });

  it.each(examples)('$file is what `iri-lb node add` makes of its address and tags', ({ text, service }) => {
    const { ID: _id, Name: _name, Check: _check, ...said } = service;
    const registration = completeRegistration(said, iriConfig, {
      kind: 'iri',
      command: '/opt/iri-lb/node-check.mjs',
      args: [],
      interval: '30s',
      timeout: '5s',
      deregisterAfter: '24h',
    });
    expect(toFileForm(registration)).toEqual(JSON.parse(text));
  });

  it('are taken from the files of an agent with -enable-local-script-checks, as they are', async () => {
    const consul = await startConsul(harness, { acls: false, scriptChecks: 'files' });
    await consul.reconfigure({ services: examples.map(({ text }) => JSON.parse(text).service) });
    const services = (await consul.request('GET', '/v1/agent/services')) as Readonly<Record<string, object>>;
    for (const { service } of examples) {
      expect(services[String(service.ID)]).toMatchObject({
        Service: 'iri',
        Address: service.Address,
        Port: service.Port,
        Tags: service.Tags ?? [],
        Meta: service.Meta ?? {},
      });
    }
    await consul.stop();
  });

  it('pass with the real node check once their nodes are there', async () => {
    const consul = await startConsul(harness, { acls: false, scriptChecks: 'files' });
    const services = await Promise.all(examples.map(standIn));
    await consul.reconfigure({ services });
    const ids = examples.map(({ service }) => String(service.ID));
    const allPass = async (): Promise<boolean> => {
      const checks = await checksOf(consul);
      expect(ids.map((id) => statusOf(checks.get(id)))).toEqual(ids.map((id) => `passing ${id}`));
      return true;
    };
    await waitFor(allPass, { what: 'all to pass', timeoutMs: 60_000, everyMs: 500 });
    await consul.stop();
  }, 90_000);
});

/** The example with a stand-in of its kind for its node, and with our own paths; nothing else differs. */
async function standIn({ text, service }: Example): Promise<unknown> {
  const { address, port, check, ...rest } = JSON.parse(text).service;
  const tls = text.includes('https://') ? { tls: certificate } : {};
  const node = await startNode(harness, {
    name: String(service.ID),
    pow: /pow=(true|only)/.test(text),
    ...tls,
  });
  const args = (check.args as readonly string[]).map((arg) =>
    arg
      .replace(`${address}:${port}`, `${node.host}:${node.port}`)
      .replace(/^\/.*node-check\.mjs$/, NODE_CHECK),
  );
  const env = ['env', `NODE_EXTRA_CA_CERTS=${certificate.certFile}`];
  return {
    ...{ ...rest, address: node.host, port: node.port },
    check: { ...check, args: [...env, ...args], interval: '2s', timeout: '30s' },
  };
}

function statusOf(check: AgentCheck | undefined): string {
  return check?.Status === 'passing' ? `passing ${check.ServiceID}` : JSON.stringify(check);
}
