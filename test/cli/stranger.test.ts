// A stranger's path: what README says under "Your own service in five minutes", typed line by line, on a haproxy.cfg
// that this project did not write. Traffic goes on meanwhile, and nobody who served is taken out.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { listenOnLoopback } from '../../infra/local/http-server.js';
import { waitFor } from '../../infra/local/wait-for.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const [section = ''] = readme.split('## Your own service in five minutes\n')[1]?.split(/^## /m) ?? [];

let harness: Harness;
let consul: Consul;
let haproxy: HAProxy;
let front: number;
/** Where the four of the `server` lines are, and the one that is to come. */
let olds: readonly number[];
let own: number;
let stopped = false;
const answers: string[] = [];

beforeAll(async () => {
  harness = await startHarness();
  front = await harness.freePort();
  olds = await Promise.all([1, 2, 3, 4].map((number) => serve(`old-${number}`)));
  own = await serve('own');
  const config = `global
    maxconn 1000
    stats socket ${harness.dir}/admin.sock mode 660 level admin expose-fd listeners

defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    retries 3

frontend www
    bind 127.0.0.1:${front}
    default_backend web

backend web
    balance roundrobin
    option httpchk GET /
${olds.map((port, index) => `    server web${index + 1} 127.0.0.1:${port} check inter 1s`).join('\n')}

# The end of the file.
`;
  [consul, haproxy] = await Promise.all([
    startConsul(harness, { acls: false }),
    startHAProxy(harness, { config, adminPort: await harness.freePort(), master: true }),
  ]);
  await consul.register({ Name: 'web', ID: 'web-1', Address: '127.0.0.1', Port: olds[0] ?? 0 });
  installStubs();
});
afterAll(() => harness.close());

async function serve(name: string): Promise<number> {
  const server = http.createServer((_request, response) => response.end(name));
  const url = await listenOnLoopback(server, 0);
  harness.onClose(() => server.close());
  return Number(new URL(url).port);
}

/** The programs that README names, as they are on this machine; `systemctl` leaves a note for the test. */
function installStubs(): void {
  const bin = join(harness.dir, 'bin');
  mkdirSync(bin);
  const tsx = join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs');
  const stubs = {
    npm: 'exit 0',
    npx: `[ "$1" = iri-lb ] && shift && exec "${process.execPath}" --import "${tsx}" "${join(ROOT, 'functions', 'iri-lb.ts')}" "$@"`,
    systemctl: `[ "$*" = "reload haproxy" ] && touch "${harness.dir}/reload-asked"`,
    haproxy: `exec "${process.env.HAPROXY_BIN ?? 'haproxy'}" "$@"`,
  };
  const path = process.env.PATH ?? '';
  for (const [name, text] of Object.entries(stubs))
    writeFileSync(join(bin, name), `#!/bin/sh\nPATH='${path}'\n${text}\n`, { mode: 0o755 });
}

/** README's names for what is elsewhere here. */
const here = (text: string): string =>
  text
    .replaceAll('/run/haproxy', harness.dir)
    .replaceAll('/etc/haproxy/haproxy.cfg', haproxy.configFile)
    .replaceAll('http://127.0.0.1:8500', consul.url)
    .replaceAll('10.0.0.5 --port 80', `127.0.0.1 --port ${own}`);

interface Typed {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

const exports: string[] = [];

/** Types one line into the shell. A reload that it asks for is made, as systemd makes it. */
async function type(line: string): Promise<Typed> {
  const script = [...exports, line].join('\n');
  const env = { PATH: `${harness.dir}/bin:${process.env.PATH}`, HOME: harness.dir };
  const typed = await new Promise<Typed>((resolve) => {
    const child = execFile('sh', ['-c', script], { cwd: harness.dir, env }, (_error, out, err) =>
      resolve({ status: child.exitCode ?? -1, out, err }),
    );
  });
  if (line.startsWith('export ')) exports.push(line);
  const asked = join(harness.dir, 'reload-asked');
  if (existsSync(asked)) {
    rmSync(asked);
    await haproxy.reload();
  }
  return typed;
}

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

const blocks: readonly Block[] = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', text = '']) => ({ language, lines: text.trimEnd().split('\n') }),
);

/** As an editor would: each line at the end of its section, in the file that is there. */
function edit(lines: readonly string[]): void {
  const parts = readFileSync(haproxy.configFile, 'utf8').split(/^(?=\w)/m);
  let title = '';
  const added = new Map<string, string[]>();
  for (const line of lines)
    if (/^\S/.test(line)) title = line;
    else added.set(title, [...(added.get(title) ?? []), line]);
  const text = parts.map((part) => {
    const more = added.get(part.split('\n', 1)[0] ?? '') ?? [];
    if (more.length > 0) added.delete(part.split('\n', 1)[0] ?? '');
    return more.length === 0 ? part : `${part.trimEnd()}\n${more.join('\n')}\n\n`;
  });
  expect([...added.keys()], 'sections that the file does not have').toEqual([]);
  writeFileSync(haproxy.configFile, text.join(''));
}

/** Ports on which somebody is ready, and not DOWN. */
async function serving(): Promise<number[]> {
  const states = (await haproxy.query('show servers state web')).split('\n').slice(2);
  const up = new Set(
    (await haproxy.query('show stat web 4 -1'))
      .split('\n')
      .map((row) => row.split(','))
      .filter((row) => /^(?:UP|no check)/.test(row[17] ?? ''))
      .map((row) => row[1] ?? ''),
  );
  return states
    .map((row) => row.split(' '))
    .filter((row) => up.has(row[3] ?? '') && (Number(row[6]) & 0x3b) === 0)
    .map((row) => Number(row[18]));
}

/** Requests one after the other, each on a connection of its own. */
async function ask(): Promise<void> {
  while (!stopped) {
    answers.push(
      await new Promise<string>((resolve) => {
        const request = http.get({ port: front, host: '127.0.0.1', agent: false }, (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => resolve(`${response.statusCode} ${body}`));
        });
        request.on('error', (error) => resolve(`failed: ${error.message}`));
      }),
    );
  }
}

it('ends with the own service in rotation, and nobody is taken out on the way', async () => {
  expect(blocks.map(({ language }) => language)).toEqual(['sh', 'haproxy', 'sh', 'sh']);
  const asking = ask();
  const said = new Map<string, Typed>();
  let printed = '';
  let reloads = 0;
  for (const { language, lines } of blocks) {
    if (language === 'haproxy') {
      // What README shows is what the command printed.
      expect(printed.replace(/^ {4}/gm, '    ')).toContain(here(lines.join('\n')));
      edit(lines.map(here));
      continue;
    }
    for (const line of lines) {
      const command = line.replace(/ {4}#.*$| {6}#.*$/, '').trim();
      if (command.startsWith('npx iri-lb apply'))
        await waitFor(
          async () =>
            ((await consul.request('GET', '/v1/health/service/web?passing')) as unknown[]).length === 2,
          { what: 'the check of the own service to pass', timeoutMs: 30_000 },
        );
      if (command.includes('reload')) reloads += 1;
      const typed = await type(here(command));
      said.set(command.replace(/^npx (iri-lb \w+).*/, '$1'), typed);
      if (command.includes(' init ')) printed = typed.err;
      expect(await serving(), `after ${line}`).toEqual(expect.arrayContaining([...olds]));
    }
  }
  stopped = true;
  await asking;

  expect(reloads).toBe(1);
  expect(said.get('iri-lb plan')?.out).toMatch(
    /^Plan: 1 to add, 0 to change, 0 to remove; .*Safe to apply\.$/m,
  );
  expect(said.get('iri-lb plan')?.status).toBe(2);
  expect(said.get('iri-lb node')?.status).toBe(0);
  expect(said.get('iri-lb apply')?.status).toBe(0);
  await waitFor(async () => (await serving()).includes(own), { what: 'the own service to serve' });
  expect(answers.filter((answer) => !answer.startsWith('200 '))).toEqual([]);
  expect(printed).toContain('web1, web2, web3 and 1 more');
}, 120_000);
