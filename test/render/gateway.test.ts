// The gateway in front of a real admin socket: ours get through, one at a time; everybody else gets nothing.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haproxyBin, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { type Certificate, makeCertificate } from '../../infra/local/stand-in-tls.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import { renderGateway } from '../../lib/render/systemd/gateway.js';

const timeouts = {
  connectTimeoutMs: 10_000,
  promptTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  totalTimeoutMs: 20_000,
};

let harness: Harness;
let port: number;
let readPort: number;
let pid: number;
let certificates: Readonly<Record<'server' | 'ours' | 'other' | 'foreign', Certificate>>;

beforeAll(async () => {
  harness = await startHarness();
  const make = (name: string): Promise<Certificate> => makeCertificate(harness.dir, name);
  const [server, ours, other, foreign] = [
    await make('server'),
    await make('ours'),
    await make('other'),
    await make('foreign'),
  ];
  certificates = { server, ours, other, foreign };
  // Each signs itself; the gateway's authorities are the two that it is to know.
  writeFileSync(join(harness.dir, 'server.pem'), server.cert + server.key);
  writeFileSync(join(harness.dir, 'ca.pem'), ours.cert + other.cert);

  const socket = join(harness.dir, 'functions.sock');
  const adminPort = await harness.freePort();
  const backends = [{ name: 'web', ranges: [{ prefix: 'srv', slots: 2 }] }];
  const readSocket = join(harness.dir, 'read.sock');
  const global = [
    `stats socket ${socket} mode 600 level admin maxconn 1`,
    `stats socket ${readSocket} mode 600 level user`,
  ];
  await startHAProxy(harness, { config: minimalConfig({ backends, adminPort, global }), adminPort });

  port = await harness.freePort();
  const config = join(harness.dir, 'gateway.cfg');
  readPort = await harness.freePort();
  const binds = { bind: `127.0.0.1:${port}`, readBind: `127.0.0.1:${readPort}` };
  const settings = { ...binds, sources: ['127.0.0.1'], clientNames: ['ours'] };
  writeFileSync(config, renderGateway(settings, socket, readSocket));
  const gateway = await harness.spawn('gateway', haproxyBin(), ['-db', '-f', config], {
    env: { CREDENTIALS_DIRECTORY: harness.dir },
  });
  await gateway.until(() => isOpen(port), { what: 'the gateway to listen' });
  pid = gateway.pid;
});
afterAll(() => harness.close());

function isOpen(at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(at, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Asks for HAProxy's state and returns all that comes until the gateway has closed the connection. */
function ask(
  client: Certificate | undefined,
  { from = '127.0.0.1', plain = false, at = port } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const raw = net.connect({ port: at, host: '127.0.0.1', localAddress: from });
    const identity = client ? { cert: client.cert, key: client.key } : {};
    const socket = plain ? raw : tls.connect({ socket: raw, ca: certificates.server.cert, ...identity });
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
    });
    // How it is refused (an alert, a reset, an end) is not the point; that nothing comes is.
    socket.on('error', () => undefined);
    raw.once('close', () => resolve(got));
    socket.write('show info\nshow servers state\n');
  });
}

describe('the gateway', () => {
  it('gives our certificate the admin socket', async () => {
    expect(await ask(certificates.ours)).toMatch(/^Name: HAProxy$/m);
  });

  it('is spoken to as tls:// and allows to write', async () => {
    const { ours, server } = certificates;
    const connection = await connectRuntime(
      { kind: 'tls', host: '127.0.0.1', port },
      { ...timeouts, tls: { ca: server.cert, cert: ours.cert, key: ours.key } },
    );
    const answers = await connection.send(['set server web/srv1 state ready', 'show servers state web']);
    await connection.close();
    expect(answers[0]).toBe('');
    expect(answers[1]).toContain(' srv1 ');
  });

  it('leads who only looks to a socket that refuses to write, several at a time', async () => {
    const { ours, server } = certificates;
    const options = { ...timeouts, tls: { ca: server.cert, cert: ours.cert, key: ours.key } };
    const open = () => connectRuntime({ kind: 'tls', host: '127.0.0.1', port: readPort }, options);
    const [first, second] = await Promise.all([open(), open()]);
    for (const connection of [first, second]) {
      const [state, write] = await connection.send([
        'show servers state web',
        'set server web/srv1 weight 2',
      ]);
      await connection.close();
      expect(state).toContain(' srv1 ');
      expect(write).toMatch(/^Permission denied/);
    }
  });

  it('gives a client without a certificate nothing', async () => {
    expect(await ask(undefined)).toBe('');
    expect(await ask(undefined, { at: readPort })).toBe('');
    expect(await ask(certificates.other, { at: readPort })).toBe('');
  });

  it('gives a client with a foreign certificate nothing', async () => {
    expect(await ask(certificates.foreign)).toBe('');
  });

  it('gives a certificate of the right authority with another name nothing', async () => {
    expect(await ask(certificates.other)).toBe('');
  });

  it('gives our certificate nothing from another address', async () => {
    expect(await ask(certificates.ours, { from: '127.0.0.2' })).toBe('');
  });

  it('gives plain text nothing that is of HAProxy', async () => {
    expect(await ask(undefined, { plain: true })).not.toMatch(/[a-zA-Z]{2}/);
  });

  it('is not spoken to by us when its own certificate is not the one we trust', async () => {
    const { ours, foreign } = certificates;
    const connecting = connectRuntime(
      { kind: 'tls', host: '127.0.0.1', port },
      { ...timeouts, tls: { ca: foreign.cert, cert: ours.cert, key: ours.key } },
    );
    await expect(connecting).rejects.toThrow(/certificate/);
  });

  it('runs in one thread, however many processors there are', () => {
    expect(readdirSync(`/proc/${pid}/task`)).toHaveLength(1);
  });

  it('takes one client at a time; the next one has its turn when the first has gone', async () => {
    const { ours, server } = certificates;
    const options = { ...timeouts, tls: { ca: server.cert, cert: ours.cert, key: ours.key } };
    const first = await connectRuntime({ kind: 'tls', host: '127.0.0.1', port }, options);
    let served = false;
    const second = connectRuntime({ kind: 'tls', host: '127.0.0.1', port }, options).then((connection) => {
      served = true;
      return connection;
    });
    await waitFor(async () => (await gatewayConnections()) >= 2, {
      what: 'both to be connected to the gateway',
    });
    await first.send(['show info']);
    expect(served).toBe(false);
    await first.close();
    const connection = await second;
    expect((await connection.send(['show info']))[0]).toContain('Pid:');
    await connection.close();
  });
});

/** Connections that are established at the gateway's port, as the kernel lists them. */
async function gatewayConnections(): Promise<number> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === '01').length;
}
