// The commands of the deploy guide, run as they are printed.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haproxyBin, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import type { TlsFiles } from '../../lib/config/reading.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderGateway } from '../../lib/render/systemd/gateway.js';
import { renderSystemd } from '../../lib/render/systemd/render.js';
import { root } from './example.js';
import { readGuide } from './guide-commands.js';

const { text: guide, commands } = readGuide('README.md');
const exampleConfig = join(root, 'infra', 'example.config.json');
const config = v.parse(renderConfigSchema, JSON.parse(readFileSync(exampleConfig, 'utf8')));
const folder = mkdtempSync(join(tmpdir(), 'iri-lb-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const timeouts = {
  connectTimeoutMs: 10_000,
  promptTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  totalTimeoutMs: 20_000,
};

/** Runs commands of the guide in `folder`, as a shell does that stops at the first failure. */
function run(script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs');
  const program = `exec "${process.execPath}" --import "${tsx}" "${join(root, 'functions', 'iri-lb.ts')}" "$@"`;
  writeFileSync(join(bin, 'iri-lb'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  execFileSync('sh', ['-eu', '-c', script], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: folder },
    stdio: 'pipe',
  });
}

describe('the commands of the guide', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    cpSync(exampleConfig, join(folder, 'lb.json'));
    run(commands('openssl req').replace('for lb in ', 'for lb in 127.0.0.1 '));
    run(commands('iri-lb render systemd | awk'));
  }, 60_000);
  afterAll(() => harness.close());

  it.each(['10.0.1.5', '10.0.2.5'])('make the files of %s as they are rendered for it', (host) => {
    const { haproxy } = config;
    const gateway = { sources: [], clientNames: null, ...haproxy.gateway, bind: `${host}:9998` };
    const files = renderSystemd({ ...config, haproxy: { ...haproxy, gateway } });
    const tree = join(folder, 'hosts', host);
    for (const { path, mode, text } of files) {
      expect(readFileSync(join(tree, path), 'utf8').trimEnd()).toBe(text.trimEnd());
      expect((statSync(join(tree, path)).mode & 0o777).toString(8)).toBe(mode);
    }
    const made = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const others = ['haproxy.cfg', 'server.pem', 'ca.pem'];
    expect(made.map(({ name }) => name).sort()).toEqual(
      [...files.map(({ path }) => path.split('/').at(-1)), ...others].sort(),
    );
    expect((statSync(join(tree, 'etc/iri-lb/gateway')).mode & 0o777).toString(8)).toBe('700');
  });

  it('put the token into its parameter, and into no argument that ps would show', () => {
    const token = 'b1gs7cr3-0000-4000-8000-00000000c0de';
    const bin = join(folder, 'bin');
    const stub = (name: string, text: string): void =>
      writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "$HOME/arguments"\n${text}\n`, {
        mode: 0o755,
      });
    stub('consul', `case "$2" in policy) cat >&2 ;; token) echo '{"SecretID": "${token}"}' ;; esac`);
    stub('aws', `for last; do :; done; cat "\${last#file://}" > "$HOME/stored-$(basename "$last")"`);
    writeFileSync(join(folder, 'consul-ca.pem'), 'a certificate');
    run(commands('put consul-token'));
    expect(readFileSync(join(folder, 'stored-consul-token'), 'utf8')).toBe(token);
    const used = readFileSync(join(folder, 'arguments'), 'utf8');
    expect(used).toContain('--name /iri-lb/haproxy-client-key --value file://certs/client.key');
    expect(used).not.toContain(token);
    expect(readdirSync(join(folder, 'certs'))).not.toContain('consul-token');
  });

  it('name the tools that they fetch in full', () => {
    const fetched = [...guide.matchAll(/npx ([\w-]+@\S+)/g)].map(([, tool]) => tool);
    expect(fetched.length).toBeGreaterThan(2);
    for (const tool of fetched) expect(tool).toMatch(/@\d+\.\d+\.\d+$/);
  });

  it('make certificates with which function and gateway talk, and nobody without', async () => {
    const pem = (name: string): string => readFileSync(join(folder, 'certs', name), 'utf8');
    const socket = join(harness.dir, 'functions.sock');
    const global = [`stats socket ${socket} mode 600 level admin maxconn 1`];
    const adminPort = await harness.freePort();
    const backends = [{ name: 'web', ranges: [{ prefix: 'srv', slots: 1 }] }];
    await startHAProxy(harness, { config: minimalConfig({ backends, adminPort, global }), adminPort });
    const port = await harness.freePort();
    writeFileSync(join(harness.dir, 'server.pem'), pem('127.0.0.1.crt') + pem('127.0.0.1.key'));
    writeFileSync(join(harness.dir, 'ca.pem'), pem('ca.pem'));
    const settings = { bind: `127.0.0.1:${port}`, sources: ['127.0.0.1'], clientNames: ['iri-lb'] };
    writeFileSync(join(harness.dir, 'gateway.cfg'), renderGateway(settings, socket));
    const args = ['-db', '-f', join(harness.dir, 'gateway.cfg')];
    const env = { CREDENTIALS_DIRECTORY: harness.dir };
    const gateway = await harness.spawn('gateway', haproxyBin(), args, { env });
    await gateway.until(() => isOpen(port), { what: 'the gateway to listen' });

    const answer = async (tls: TlsFiles): Promise<string> => {
      const connection = await connectRuntime({ kind: 'tls', host: '127.0.0.1', port }, { ...timeouts, tls });
      const [info = ''] = await connection.send(['show info']).finally(() => connection.close());
      return info;
    };
    const ca = pem('ca.pem');
    expect(await answer({ ca, cert: pem('client.crt'), key: pem('client.key') })).toContain('Name: HAProxy');
    const other = { ca, cert: pem('127.0.0.1.crt'), key: pem('127.0.0.1.key') };
    for (const tls of [other, { ca }]) await expect(answer(tls)).rejects.toThrow(/tls:\/\/127\.0\.0\.1/);
  });
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
