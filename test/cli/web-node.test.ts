// `iri-lb node add|check` of a web service, with a real Consul that runs its HTTP and TCP checks.
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { commandLine } from './command-line.js';
import { LOCAL_ENV, waitForHealth } from './rig.js';

/** What the web server answers, by path; others get 404. */
const ANSWERS: Readonly<Record<string, readonly [number, string?]>> = {
  '/': [200],
  '/busy': [429],
  '/sick': [503],
  '/moved': [302, '/'],
  '/round': [302, '/round'],
};

let harness: Harness;
let consul: Consul;
let port: string;
let gone: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  harness = await startHarness();
  const web = createServer(({ url = '' }, answer) => {
    const [status, location] = ANSWERS[url] ?? [404];
    answer.writeHead(status, location === undefined ? {} : { Location: location }).end();
  });
  port = await listening(web);
  gone = String(await harness.freePort());
  consul = await startConsul(harness, { acls: false });
  const LB_CONFIG = JSON.stringify({
    pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] }],
    networks: LOCAL_NETWORKS,
    haproxy: { iri: false },
  });
  env = { CONSUL_HTTP_ADDR: consul.url, LB_CONFIG };
}, 120_000);
afterAll(() => harness.close());

/** Has the server listen until the harness closes; gives its port. */
async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  harness.onClose(() => void server.close());
  return String((server.address() as AddressInfo).port);
}

const node = (...args: readonly string[]) => commandLine({ env }).run(...args);

/** Registers an instance of service web, with a check every second. */
async function add(id: string, ...args: readonly string[]): Promise<void> {
  const every = args.includes('--no-check') ? [] : ['--check-interval', '1s'];
  const at = ['--address', '127.0.0.1', '--port', port, '--id', id];
  expect(await node('add', ...at, ...every, ...args)).toEqual({
    status: 0,
    out: `registered ${id} as web with the agent at ${consul.url}`,
    err: '',
  });
}

const url = (path = ''): string => `http://127.0.0.1:${port}${path}`;

describe('a web service', () => {
  it.each([
    ['http', ['--http', '/'], 'passing', 0, () => `${url('/')}: ok, answered 200`],
    ['moved', ['--http', '/moved'], 'passing', 0, () => `${url('/moved')}: ok, answered 200`],
    ['busy', ['--http', '/busy'], 'warning', 0, () => `${url('/busy')}: answered 429, a warning to Consul`],
    ['sick', ['--http', '/sick'], 'critical', 2, () => `${url('/sick')}: answered 503`],
    ['tcp', ['--tcp'], 'passing', 0, () => `127.0.0.1:${port}: ok, takes connections`],
    [
      'gone',
      ['--tcp', '--port', ''],
      'critical',
      2,
      () => `127.0.0.1:${gone}: connection refused (ECONNREFUSED)`,
    ],
  ] as const)(
    '%s registered with %j is %s, and node check exits %d',
    async (id, args, health, status, message) => {
      await add(id, ...args.map((arg) => (arg === '' ? gone : arg)));
      await waitForHealth(consul, id, health, 'web');
      expect(await node('check', id)).toEqual({ status, out: message(), err: '' });
    },
  );

  it('over TLS passes where its tags say that no certificate counts, and else is found out', async () => {
    const certificate = await makeCertificate(harness.dir, 'web');
    const tls = createTlsServer({ cert: certificate.cert, key: certificate.key }, (_, answer) => {
      answer.writeHead(204).end();
    });
    const https = ['--http', '/', '--scheme', 'https', '--port', await listening(tls)];
    await add('unverified', ...https, '--sslverify', '0');
    await waitForHealth(consul, 'unverified', 'passing', 'web');
    expect((await node('check', 'unverified')).out).toMatch(/^https:.*: ok, answered 204$/);
    await add('verified', ...https);
    expect(await node('check', 'verified')).toMatchObject({
      status: 2,
      out: expect.stringMatching(/: TLS: the certificate .*; haproxy\.sslverify=0 would not verify it$/),
    });
  });

  it("as IRI's own is asked what it was registered with, too", async () => {
    const iri = commandLine({ env: { ...LOCAL_ENV, CONSUL_HTTP_ADDR: consul.url } });
    const at = ['--address', '127.0.0.1', '--port', port, '--id', 'iri'];
    expect(await iri.run('add', ...at, '--http', '/sick')).toMatchObject({ status: 0, err: '' });
    expect((await iri.run('check', 'iri')).out).toBe(`${url('/sick')}: answered 503`);
    expect((await iri.run('check', 'iri', '--check-args', '-n 4')).err).toBe(
      'iri-lb: --check-args: is for the node check alone; leave it out',
    );
  });

  it('has its checks registered as they were told', async () => {
    const checks = await consul.request('GET', '/v1/health/checks/web');
    expect(checks).toContainEqual(
      expect.objectContaining({ ServiceID: 'http', Type: 'http', Notes: 'GET /' }),
    );
    expect(checks).toContainEqual(expect.objectContaining({ ServiceID: 'tcp', Type: 'tcp' }));
  });

  it('without a check is asked for a connection, and by what is said', async () => {
    await add('bare', '--no-check');
    expect((await node('check', 'bare')).out).toBe(`127.0.0.1:${port}: ok, takes connections`);
    expect(await node('check', 'bare', '--http', '/sick', '--json')).toMatchObject({
      status: 2,
      out: JSON.stringify(
        { version: 1, node: 'bare', ok: false, message: `${url('/sick')}: answered 503` },
        null,
        2,
      ),
    });
  });

  it('with a check that only its agent can run, or of which the path is unknown, says what to do', async () => {
    const at = { Name: 'web', Address: '127.0.0.1', Port: Number(port) };
    const foreign = { HTTP: url('/'), Interval: '1s' };
    await consul.request('PUT', '/v1/agent/service/register', { ...at, ID: 'foreign', Check: foreign });
    await consul.request('PUT', '/v1/agent/service/register', { ...at, ID: 'ttl', Check: { TTL: '9s' } });
    expect(await node('check', 'foreign')).toEqual({
      status: 1,
      out: '',
      err: 'iri-lb: local/foreign: Consul does not tell the path of its check; say --http PATH',
    });
    expect(await node('check', 'ttl')).toEqual({
      status: 1,
      out: '',
      err: 'iri-lb: local/ttl: only its agent can run its check, of type ttl; say --http PATH or --tcp',
    });
    expect((await node('check', 'foreign', '--http', '/')).status).toBe(0);
  });

  it('is checked by URL, in Consul or not', async () => {
    expect(await node('check', url('/sick'))).toMatchObject({
      status: 2,
      out: `${url('/sick')}: answered 503`,
    });
    expect(await node('check', url('/sick'), '--http', '/')).toMatchObject({ status: 0 });
    expect(await node('check', url(), '--tcp')).toMatchObject({ status: 0 });
    expect((await node('check', url('/round'))).out).toBe(`${url('/round')}: redirected more than 10 times`);
    expect(await node('check', 'http://nowhere.invalid/')).toMatchObject({
      status: 2,
      out: expect.stringMatching(
        /^http:\/\/nowhere\.invalid\/: the name (?:does not resolve|cannot be resolved)/,
      ),
    });
  });

  it('has no options of the node check', async () => {
    const { status, err } = await node('check', url(), '--check-args', '-n 4');
    expect([status, err]).toEqual([64, "iri-lb: unknown option '--check-args'"]);
  });
});
