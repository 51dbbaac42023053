// No command prints a secret of its settings, whatever Consul answers, and whatever is wrong with the settings.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { runProgram } from './run-program.js';

const TOKEN = 'a-token-0000-4000-8000-00000000c0de';
const FILE_TOKEN = 'file-token-000-4000-8000-00000000c0de';
const PASSWORD = 'pa55w0rd-of-somebody';
const HASH = '$5$rounds=1000$salt5a17$0123456789012345678901234567890123456789012';
const KEY = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWtleS1vZi1vdXJz\n-----END PRIVATE KEY-----\n';
const SECRETS = [TOKEN, FILE_TOKEN, PASSWORD, HASH, 'c2VjcmV0LWtleS1vZi1vdXJz'];

const COMMANDS = [
  ...['plan', 'apply', 'plan --json', 'status', 'status --json', 'doctor', 'doctor --json'],
  ...['node list', 'node list --json', 'node remove x --yes', 'node check x', 'node check x --json'],
  'node add --address 10.0.0.1 --port 14265',
  ...['drain x', 'undrain x', 'undrain --stale', 'maint x', 'maint x --off', 'node maint x'],
  ...['render policy', 'render consul', 'render systemd'],
];

let harness: Harness;
let server: http.Server;
let url: string;
/** What Consul answers: the request as it came, with this status. */
let status = 500;
let serviceFile: string;

beforeAll(async () => {
  harness = await startHarness();
  serviceFile = join(harness.dir, 'service.json');
  writeFileSync(serviceFile, JSON.stringify({ address: '10.0.0.1', port: 1, token: FILE_TOKEN }));
  server = http.createServer(async (request, response) => {
    const body = [];
    for await (const chunk of request) body.push(chunk);
    response.writeHead(status, { 'X-Consul-Index': '7', 'Content-Type': 'application/json' });
    response.end(JSON.stringify([request.headers, Buffer.concat(body).toString()]));
  });
  url = await listenOnLoopback(server, 0);
});
afterAll(async () => {
  await closeServer(server);
  await harness.close();
});

const auth = { users: [{ name: 'wallet', password: HASH }] };
const withHaproxy = (haproxy: object): string => JSON.stringify({ ...iriLayout, haproxy });

const envOf = (more: Readonly<Record<string, string>> = {}) => ({
  CONSUL_HTTP_ADDR: url,
  CONSUL_HTTP_TOKEN: TOKEN,
  CONSUL_CLIENT_KEY: KEY,
  HAPROXY_CLIENT_KEY: KEY,
  HAPROXY_ADDRESSES: 'tcp://127.0.0.1:1,tls://127.0.0.1:1',
  LB_CONFIG: withHaproxy({ stats: { auth } }),
  ...more,
});

async function expectNone(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const { out, err } = await runProgram(args, env);
  const printed = out + err;
  expect(printed).not.toBe('');
  for (const secret of SECRETS) expect(printed).not.toContain(secret);
}

describe.each([200, 403, 500])('with a Consul that answers %d and what it was asked', (answer) => {
  it.each(COMMANDS)('iri-lb %s prints no secret', async (command) => {
    status = answer;
    await expectNone(command.split(' '), envOf());
  });

  it('node add prints no token of its file', async () => {
    status = answer;
    for (const more of [[], ['--json'], ['--print'], ['--replace']])
      await expectNone(['node', 'add', '--file', serviceFile, ...more], envOf());
  });
});

describe('with settings that are wrong', () => {
  it.each<[string, () => Readonly<Record<string, string>>]>([
    [
      'a password in the address of Consul',
      () => ({ CONSUL_HTTP_ADDR: `http://me:${PASSWORD}@127.0.0.1:1/` }),
    ],
    ['a password in that of HAProxy', () => ({ HAPROXY_ADDRESSES: `tcp://me:${PASSWORD}@127.0.0.1:1` })],
    ['a token with a line end in it', () => ({ CONSUL_HTTP_TOKEN: `${TOKEN}\n${TOKEN}` })],
    [
      'a password in plain text',
      () => ({
        LB_CONFIG: withHaproxy({ frontend: { auth: { users: [{ name: 'a', password: PASSWORD }] } } }),
      }),
    ],
    ['a password where none belongs', () => ({ LB_CONFIG: withHaproxy({ frontend: { auth: PASSWORD } }) })],
  ])('no command prints %s', async (_what, wrong) => {
    for (const command of ['plan', 'status', 'doctor', 'node list', 'render haproxy'])
      await expectNone(command.split(' '), envOf(wrong()));
  });

  it('node check prints no password of a URL', async () => {
    await expectNone(['node', 'check', `http://me:${PASSWORD}@127.0.0.1:1/`, '--http', '/'], envOf());
    await expectNone(['node', 'check', `http://me:${PASSWORD}@127.0.0.1:1/`], envOf());
    await expectNone(['node', 'check', `http://me:${PASSWORD}@127.0.0.1:1/`, '--tcp', '--json'], envOf());
  });
});
