// Every command block of the deploy guide and of the runbook, run as it is printed, in their order.
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
import { loadBalancerFiles } from '../../lib/render/systemd/render.js';
import { root } from './example.js';

const guide = readFileSync(join(root, 'infra', 'README.md'), 'utf8');
const runbook = readFileSync(join(root, 'infra', 'runbook.md'), 'utf8');
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

/** The blocks of commands, as somebody types them in one shell; each says before it runs which it is. */
const script = (...documents: readonly string[]): string =>
  documents
    .flatMap((text) => [...text.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm)])
    .map(([, , block = ''], index) => `echo "in block ${index + 1}" >&2\n${block}`)
    .join('\n');

const TOKEN = 'b1gs7cr3-0000-4000-8000-00000000c0de';
const loader = join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs');
const iriLb = `"${process.execPath}" --import "${loader}" "${join(root, 'functions', 'iri-lb.ts')}" "$@"`;
/** What is not here, or must not be done: each notes how it was called. Renders are real. */
const STUBS: Readonly<Record<string, string>> = {
  'iri-lb': `case "$1" in render) exec ${iriLb} ;; *) echo "for $HAPROXY_ADDRESSES by $HAPROXY_CLIENT_KEY" >> "$HOME/used" ;; esac`,
  consul: `case "$2" in policy) cat >&2 ;; token) echo '{"SecretID": "${TOKEN}"}' ;; esac`,
  aws: `case "$1 $2" in
    *describe-stacks) echo sg-1 ;;
    *put-parameter) for last; do :; done; cat "\${last#file://}" > "$HOME/stored-$(basename "$last")" ;;
    esac`,
  // As root there, where the root folder is one of ours: nothing else is run, in whatever words.
  ssh: `there="$HOME/remote/\${1#root@}"; mkdir -p "$there/var/lib/haproxy"
    case "$2" in
      'tar -x --no-overwrite-dir -C /') exec tar -x --no-overwrite-dir -C "$there" ;;
      *iri-lb-gateway*) echo 1 > "$there/var/lib/haproxy/iri-lb.state" ;;
    esac`,
  git: ':',
  npm: ':',
  npx: ':',
};

/** Runs them in `folder`, as a shell does that stops at the first failure. */
function run(commands: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries(STUBS)) {
    const noted = name === 'iri-lb' ? '' : `echo "${name} $*" >> "$HOME/used"\n`;
    writeFileSync(join(bin, name), `#!/bin/sh\n${noted}${text}\n`, { mode: 0o755 });
  }
  execFileSync('sh', ['-eu', '-c', commands], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: folder },
    stdio: 'pipe',
  });
}

describe('the commands of guide and runbook', () => {
  let harness: Harness;
  let used: string;
  beforeAll(async () => {
    harness = await startHarness();
    cpSync(exampleConfig, join(folder, 'lb.json'));
    writeFileSync(join(folder, 'consul-ca.pem'), 'a certificate');
    const here = 'sign 127.0.0.1 127.0.0.1 serverAuth subjectAltName=IP:127.0.0.1\n';
    run(script(guide, runbook).replace(/^ *sign client .*\n/m, (line) => line + here));
    used = readFileSync(join(folder, 'used'), 'utf8');
  }, 120_000);
  afterAll(() => harness.close());

  /** Every file below a folder, as it is on a host. */
  const filesIn = (tree: string): string[] =>
    readdirSync(tree, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name).slice(tree.length))
      .sort();
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it.each([
    ['lb-1', '10.0.1.5'],
    ['lb-2', '10.0.2.5'],
  ])('bring the files of %s there, as they are rendered for it, with keys and modes', (name, address) => {
    const { haproxy } = config;
    const gateway = { sources: [], clientNames: null, ...haproxy.gateway, bind: `${address}:9998` };
    const own = { ...config, haproxy: { ...haproxy, gateway } };
    const files = loadBalancerFiles(own);
    const there = join(folder, 'remote', address);
    for (const { path, mode, text } of files) {
      expect(readFileSync(join(there, path), 'utf8')).toBe(text);
      expect(modeOf(join(there, path))).toBe(mode);
    }
    const pem = (file: string): string => readFileSync(join(folder, 'certs', file), 'utf8');
    expect(readFileSync(join(there, '/etc/iri-lb/gateway/server.pem'), 'utf8')).toBe(
      pem(`${name}.crt`) + pem(`${name}.key`),
    );
    expect(modeOf(join(there, '/etc/iri-lb/gateway'))).toBe('700');
    expect(readFileSync(join(there, '/var/lib/haproxy/iri-lb.state'), 'utf8')).toBe('1\n');
    expect(filesIn(there)).toEqual(
      [
        ...files.map(({ path }) => path),
        '/etc/haproxy/haproxy.cfg',
        '/etc/iri-lb/gateway/ca.pem',
        '/etc/iri-lb/gateway/server.pem',
        '/etc/iri-lb/rendered.json',
        '/var/lib/haproxy/iri-lb.state',
      ].sort(),
    );
  });

  it.each(['10.0.3.7', '10.0.3.8'])(
    'bring unit, watch, programs and environment to the agent on %s',
    (address) => {
      const there = join(folder, 'remote', address);
      expect(filesIn(there)).toEqual([
        '/etc/consul.d/iri-lb.json',
        '/etc/iri-lb/forwarder.env',
        '/etc/iri-lb/rendered.json',
        '/etc/systemd/system/iri-lb-forwarder.service',
        '/opt/iri-lb/dist/forwarder.mjs',
        '/opt/iri-lb/node-check.mjs',
      ]);
      expect(readFileSync(join(there, '/etc/iri-lb/forwarder.env'), 'utf8')).toBe(
        'WATCH_FUNCTION=iri-lb-watch\nAWS_REGION=eu-west-1\n',
      );
      expect(modeOf(join(there, '/opt/iri-lb/dist'))).toBe('755');
    },
  );

  it('render at an upgrade what is there, but for keys and what people added', () => {
    for (const host of ['lb-1', 'lb-2', 'agent-1', 'agent-2']) {
      const rendered = filesIn(join(folder, 'new', host));
      for (const path of rendered)
        expect(readFileSync(join(folder, 'new', host, path))).toEqual(
          readFileSync(join(folder, 'hosts', host, path)),
        );
      const others = filesIn(join(folder, 'hosts', host)).filter((path) => !rendered.includes(path));
      expect(others.every((path) => /gateway\/(?:server|ca)\.pem$|forwarder\.env$/.test(path))).toBe(true);
    }
  });

  it('put the token into its parameter, and into no argument that ps would show', () => {
    expect(readFileSync(join(folder, 'stored-consul-token'), 'utf8')).toBe(TOKEN);
    expect(used).toContain('--name /iri-lb/haproxy-client-key --value file://certs/client.key');
    expect(used).not.toContain(TOKEN);
    expect(readdirSync(join(folder, 'certs'))).not.toContain('consul-token');
  });

  it('let the functions in, run one, and look from a workstation with a certificate', () => {
    for (const port of [8501, 9998, 443])
      expect(used).toMatch(new RegExp(`aws ec2 .* --port ${port} --source-group sg-1`));
    expect(used).toMatch(/aws lambda invoke .* --payload \{"doctor": true\} /);
    const addresses = 'tls://10.0.1.5:9998,tls://10.0.2.5:9998';
    // Two of step 6, three of the runbook.
    expect(used.split(`for ${addresses} by certs/client.key\n`)).toHaveLength(6);
    for (const concurrency of [0, 1])
      expect(used).toContain(`--function-name iri-lb-watch --reserved-concurrent-executions ${concurrency}`);
  });

  it('stand below contents that name every section, and lead there', () => {
    for (const text of [guide, runbook]) {
      const anchors = [...text.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
        title.toLowerCase().replaceAll(' ', '-'),
      );
      const contents = text.slice(0, text.indexOf('\n## '));
      expect([...contents.matchAll(/\]\(#([a-z-]+)\)/g)].map(([, to]) => to)).toEqual(anchors);
    }
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
