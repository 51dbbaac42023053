// The doctor through the rendered mutual-TLS gateway, as a function in the cloud has to go.
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haproxyBin } from '../../infra/local/haproxy.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { renderGateway } from '../../lib/render/systemd/gateway.js';
import { type Rig, startRig } from './rig.js';

let rig: Rig;
let env: Readonly<Record<string, string>>;
let address: string;

beforeAll(async () => {
  rig = await startRig();
  const { dir } = rig.harness;
  const haproxy = await rig.startLoadBalancer();
  const server = await makeCertificate(dir, 'server');
  const client = await makeCertificate(dir, 'client');
  writeFileSync(join(dir, 'server.pem'), server.cert + server.key);
  writeFileSync(join(dir, 'ca.pem'), client.cert);
  const port = await rig.harness.freePort();
  const file = join(dir, 'gateway.cfg');
  const admin = haproxy.admin.replace('tcp://', '');
  const settings = { bind: `127.0.0.1:${port}`, sources: ['127.0.0.1'], clientNames: null };
  writeFileSync(file, renderGateway(settings, admin));
  const gateway = await rig.harness.spawn('gateway', haproxyBin(), ['-db', '-f', file], {
    env: { CREDENTIALS_DIRECTORY: dir },
  });
  await gateway.until(() => isOpen(port), { what: 'the gateway to listen' });
  address = `tls://127.0.0.1:${port}`;
  // The socket behind the gateway is on loopback, where then no instance may be.
  const { networks: _, ...lb } = JSON.parse(rig.env.LB_CONFIG ?? '');
  env = {
    ...rig.env,
    LB_CONFIG: JSON.stringify(lb),
    HAPROXY_ADDRESSES: address,
    HAPROXY_CACERT: server.cert,
    HAPROXY_CLIENT_CERT: client.cert,
    HAPROXY_CLIENT_KEY: client.key,
  };
});
afterAll(() => rig.close());

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('through the gateway', () => {
  it('there is nothing to find: it is exclusive, and nothing is in plain text beyond loopback', async () => {
    expect(await rig.findings(env)).toEqual([]);
  });

  it('an admin socket behind it that LB_CONFIG lets be registered as an instance is found', async () => {
    expect(await rig.findings({ ...env, LB_CONFIG: rig.env.LB_CONFIG ?? '' })).toEqual([
      expect.stringMatching(
        /^error haproxy \S+: ipv4@127\.0\.0\.1:\d+ can be registered as an instance: .* -> give it a path/,
      ),
    ]);
  });

  it('a certificate that the gateway does not know is found', async () => {
    const foreign = await makeCertificate(rig.harness.dir, 'foreign');
    const found = await rig.findings({
      ...env,
      HAPROXY_CLIENT_CERT: foreign.cert,
      HAPROXY_CLIENT_KEY: foreign.key,
    });
    expect(found).toEqual([expect.stringMatching(`^error haproxy ${address}: `)]);
  });

  it('a gateway that is not who it should be is found', async () => {
    const other = await makeCertificate(rig.harness.dir, 'other');
    const found = await rig.findings({ ...env, HAPROXY_CACERT: other.cert });
    expect(found).toEqual([
      expect.stringMatching(
        `^error haproxy ${address}: cannot connect .* -> is the gateway up, and do the cert`,
      ),
    ]);
  });

  it('plain text in its place is found', async () => {
    const plain = address.replace('tls:', 'tcp:');
    const found = await rig.findings({ ...env, HAPROXY_ADDRESSES: plain });
    expect(found).toEqual([expect.stringMatching(`^error haproxy ${plain}: `)]);
  });
});
