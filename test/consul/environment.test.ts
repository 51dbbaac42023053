// What Consul's own tools take from the environment: each is honoured, or refused by its name.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import type { ConsulSettings } from '../../lib/config/consul-environment.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeConsulClient } from '../../lib/consul/client.js';
import { makeTokenSource } from '../../lib/consul/token.js';
import { ConfigError } from '../../lib/model/errors.js';
import { makeRunner } from '../../lib/run/runner.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { failure } from './rig.js';

type Environment = Readonly<Record<string, string>>;

let harness: Harness;
let server: http.Server;
let url: string;
const requests: IncomingMessage[] = [];

const answer: http.RequestListener = (request, response) => {
  requests.push(request);
  response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '7' }).end('[]');
};

beforeAll(async () => {
  harness = await startHarness();
  server = http.createServer(answer);
  url = await listenOnLoopback(server, 0);
});
afterAll(async () => {
  await closeServer(server);
  await harness.close();
});

const settingsOf = (env: Environment): ConsulSettings => readSettings(env).consul;

function problemsOf(env: Environment): string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, message, nextStep = '' }) => `${path}: ${message}; ${nextStep}`);
    throw error;
  }
  return [];
}

/** What one read sends. */
async function sentWith(env: Environment): Promise<IncomingMessage> {
  const settings = settingsOf({ CONSUL_HTTP_ADDR: url, ...env });
  const token = makeTokenSource(settings, { clock: systemClock });
  const client = makeConsulClient({
    ...{ settings, token, timeoutMs: 5_000, clock: systemClock, random: Math.random },
  });
  await client.readService('iri');
  return requests.at(-1) ?? Promise.reject(new Error('nothing was sent'));
}

describe('an address of Consul', () => {
  test.each<[string, Environment, string]>([
    ['has HTTP by default', { CONSUL_HTTP_ADDR: 'consul:8500' }, 'http://consul:8500'],
    ['may be written in capitals', { CONSUL_HTTP_ADDR: 'HTTPS://Consul:8501' }, 'https://consul:8501'],
    ['may have a path', { CONSUL_HTTP_ADDR: 'https://proxy/consul/' }, 'https://proxy/consul'],
    ['may be a socket', { CONSUL_HTTP_ADDR: 'unix:///run/consul.sock' }, 'unix:/run/consul.sock'],
    [
      'is HTTPS where that is asked for',
      { CONSUL_HTTP_ADDR: 'c:8500', CONSUL_HTTP_SSL: 'true' },
      'https://c:8500',
    ],
    [
      'is HTTPS whatever else it says, so that no token goes out in plain text',
      { CONSUL_HTTP_ADDR: 'http://c:8500', CONSUL_HTTP_SSL: '1' },
      'https://c:8500',
    ],
    [
      'stays HTTP where that is asked for',
      { CONSUL_HTTP_ADDR: 'c:8500', CONSUL_HTTP_SSL: 'false' },
      'http://c:8500',
    ],
  ])('%s', (_what, env, address) => {
    expect(settingsOf(env).addresses).toEqual([address]);
  });

  test.each(['ftp://c:1', 'http://c:1/?x=1', 'http://c:1/#x', 'unix:relative', 'http://'])(
    '%s is none, told once',
    (address) => {
      expect(problemsOf({ CONSUL_HTTP_ADDR: address })).toEqual([
        expect.stringMatching(/^CONSUL_HTTP_ADDR: .* is not an address; use http:\/\/host:port/),
      ]);
    },
  );
});

describe('a variable that cannot be honoured is refused by name', () => {
  test.each<[string, Environment, RegExp]>([
    ['no truth value', { CONSUL_HTTP_SSL: 'yes please' }, /^CONSUL_HTTP_SSL: "yes please" is no truth value/],
    ['no truth value', { CONSUL_HTTP_SSL_VERIFY: 'no' }, /^CONSUL_HTTP_SSL_VERIFY: "no" is no truth value/],
    [
      'no user',
      { CONSUL_HTTP_AUTH: 'hunter2secret' },
      /^CONSUL_HTTP_AUTH: its value is no user and password/,
    ],
    [
      'no directory',
      { CONSUL_CAPATH: '/nowhere/ca' },
      /^CONSUL_CAPATH: cannot read "\/nowhere\/ca" \(ENOENT\)/,
    ],
    [
      'a certificate without key',
      { CONSUL_CLIENT_CERT: '-----BEGIN x' },
      /^CONSUL_CLIENT_CERT: is set, and CONSUL_CLIENT_KEY is not/,
    ],
    [
      'a key without certificate',
      { HAPROXY_CLIENT_KEY: '-----BEGIN x' },
      /^HAPROXY_CLIENT_KEY: is set, and HAPROXY_CLIENT_CERT is not/,
    ],
  ])('%s', (_what, env, words) => {
    const problems = problemsOf(env);
    expect(problems).toEqual([expect.stringMatching(words)]);
    expect(problems.join()).not.toContain('hunter2secret');
  });
});

describe('what is sent', () => {
  test('has user and password for a proxy', async () => {
    const { headers } = await sentWith({ CONSUL_HTTP_AUTH: 'u:p' });
    expect(headers.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
  });

  test('names the partition, in which Consul looks, and keeps the path of the address', async () => {
    const { url: path } = await sentWith({ CONSUL_HTTP_ADDR: `${url}/consul`, CONSUL_PARTITION: 'team' });
    expect(path).toBe('/consul/v1/health/service/iri?partition=team');
  });

  test('goes through a socket', async () => {
    const path = join(harness.dir, 'consul.sock');
    const local = http.createServer(answer);
    await new Promise<void>((resolve) => local.listen(path, resolve));
    expect((await sentWith({ CONSUL_HTTP_ADDR: `unix://${path}` })).url).toBe('/v1/health/service/iri');
    await closeServer(local);
  });

  test("has the token of the file as it is now, which wins over the variable's", async () => {
    const path = join(harness.dir, 'token');
    writeFileSync(path, 'first\n');
    const env = { CONSUL_HTTP_TOKEN_FILE: path, CONSUL_HTTP_TOKEN: 'other' };
    expect((await sentWith(env)).headers['x-consul-token']).toBe('first');
    writeFileSync(path, 'second');
    expect((await sentWith(env)).headers['x-consul-token']).toBe('second');
  });

  test('names every service as it is', async () => {
    const settings = settingsOf({ CONSUL_HTTP_ADDR: url });
    const token = makeTokenSource(settings, { clock: systemClock });
    const client = makeConsulClient({
      ...{ settings, token, timeoutMs: 5_000, clock: systemClock, random: Math.random },
    });
    for (const name of ['parent/service', 'app:management', '_x', 'é', 'a b', 'x'.repeat(200)]) {
      await client.readService(name);
      expect(requests.at(-1)?.url).toBe(`/v1/health/service/${encodeURIComponent(name)}`);
    }
  });
});

describe('a token file', () => {
  test('that is not there, or holds no token, is named, and its content is not', async () => {
    const path = join(harness.dir, 'bad-token');
    const message = await failure(sentWith({ CONSUL_HTTP_TOKEN_FILE: path }));
    expect(message).toContain(`file ${path} (CONSUL_HTTP_TOKEN_FILE): cannot be read (ENOENT)`);
    writeFileSync(path, 'hunter2 secret');
    const other = await failure(sentWith({ CONSUL_HTTP_TOKEN_FILE: path }));
    expect(other).toContain('its content is no token; store the SecretID alone');
    expect(other).not.toContain('hunter2');
  });

  test('that goes away leaves the token that was read', async () => {
    const path = join(harness.dir, 'passing-token');
    writeFileSync(path, 'first');
    const log: string[] = [];
    const source = makeTokenSource(
      { addresses: [], tls: {}, tokenFile: path },
      { clock: systemClock, log: (line) => log.push(line) },
    );
    expect(await source.get()).toBe('first');
    rmSync(path);
    expect(await source.get()).toBe('first');
    expect(log.join()).toContain('the token read before is used on');
    await expect(source.refresh()).rejects.toThrow('cannot be read (ENOENT)');
  });
});

test('a directory of authorities is read whole, unless a file is named', () => {
  const folder = join(harness.dir, 'ca');
  mkdirSync(folder);
  const pem = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
  writeFileSync(join(folder, 'a.pem'), pem('a'));
  writeFileSync(join(folder, 'b.pem'), pem('b'));
  expect(settingsOf({ CONSUL_CAPATH: folder }).tls.ca).toMatch(/\na\n[\s\S]*\nb\n/);
  expect(settingsOf({ CONSUL_CAPATH: folder, CONSUL_CACERT: join(folder, 'b.pem') }).tls.ca).toBe(pem('b'));
});

test('a host name that does not resolve is said, and where it stands', async () => {
  const env = {
    CONSUL_HTTP_ADDR: 'http://no-such-consul.invalid:8500',
    HAPROXY_ADDRESSES: 'tcp://no-such-lb.invalid:1',
  };
  const report = await makeRunner(readSettings(env)).run({ mode: 'plan', budgetMs: 20_000 });
  expect(report.loadBalancers[0]?.error).toMatch(
    /the name no-such-lb\.invalid does not resolve: .*; correct the name in HAPROXY_ADDRESSES/,
  );
});
