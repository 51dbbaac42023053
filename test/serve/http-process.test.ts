// The built HTTP adapter between the real forwarder, Consul and HAProxy.
import { rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { BUILT_FORWARDER, startForwarder } from '../forwarder/process.js';
import { type Rig, startRig } from '../integration/rig.js';
import { BUILT_ADAPTER, startHttp } from './http-process.js';

const TOKEN = '0123456789abcdef0123456789abcdef';
const SERVER = 'irisrv 10.0.1.1:14265 w1 m0';

describe('between forwarder and load balancer', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
  });
  afterEach(() => rig?.harness.close());

  const register = (n: number) =>
    rig.consul.catalogRegister([{ node: `node-${n}`, service: 'iri', address: `10.0.1.${n}`, port: 14265 }]);

  const forwarderTo = (url: string, ...more: string[]) => {
    const [node, program] = BUILT_FORWARDER;
    return startForwarder(rig.harness, 'http://127.0.0.1:1', [node, program, '--target', url, ...more]);
  };

  test('an event of Consul makes HAProxy what Consul says', async () => {
    const { url } = await startHttp(rig.harness, rig.env);
    const forwarder = await forwarderTo(url);
    await waitFor(async () => (await forwarder.status()).pending === 0, { what: 'the event of the start' });
    await register(1);
    expect(await forwarder.post(1)).toBe(202);
    await waitFor(async () => (await rig.ready('iri_back')).includes(SERVER), { what: 'the instance' });
    await waitFor(async () => (await forwarder.status()).pending === 0, { what: 'nothing to be left' });
    expect(await forwarder.status()).toMatchObject({ failures: 0, lastError: null });
    expect(forwarder.child.output()).toContain(`invoking ${url}/watch for iri`);
  });

  test('a wrong token is 401, the forwarder says so, and a right one is used at once', async () => {
    const dir = rig.harness.dir;
    const [asked, sent] = [join(dir, 'asked'), join(dir, 'sent')];
    writeFileSync(asked, `${TOKEN}\n`);
    writeFileSync(sent, 'some-other-token-of-ours\n');
    const http = await startHttp(rig.harness, { ...rig.env, IRI_LB_TOKEN_FILE: asked });
    await register(1);
    const forwarder = await forwarderTo(http.url, '--target-token-file', sent);
    await waitFor(async () => (await forwarder.status()).failures > 0, { what: 'a failure' });
    const { lastError } = await forwarder.status();
    expect(lastError).toContain(`target ${http.url}/watch: 401 `);
    expect(lastError).toContain("the token of --target-token-file is not the target's");
    expect((await fetch(`${forwarder.url}/health`)).status).toBe(503);
    expect(await rig.ready('iri_back')).toEqual([]);

    writeFileSync(sent, TOKEN);
    await waitFor(async () => (await rig.ready('iri_back')).includes(SERVER), { what: 'the instance' });
    await waitFor(async () => (await forwarder.status()).failures === 0, {
      what: 'the forwarder to be well',
    });
    // A new one at the adapter counts at once, too; and none lets nobody in.
    const resync = () =>
      fetch(`${http.url}/resync`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } });
    expect((await resync()).status).toBe(200);
    writeFileSync(asked, 'the-next-token-of-ours\n');
    expect((await resync()).status).toBe(401);
    rmSync(asked);
    expect((await resync()).status).toBe(503);
    const said = http.child.output() + forwarder.child.output();
    for (const secret of [TOKEN, 'some-other-token-of-ours', 'the-next-token-of-ours'])
      expect(said).not.toContain(secret);
  });

  test('an empty request looks at all; a run that fails is 500 with its words, and told once by the forwarder', async () => {
    const { url } = await startHttp(rig.harness, rig.env);
    await register(1);
    const answer = await fetch(`${url}/resync`, { method: 'POST' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ version: 1, loadBalancers: [{ outcome: 'changed' }] });
    await rig.haproxy.stop();
    const failed = await fetch(`${url}/watch`, { method: 'POST' });
    expect(failed.status).toBe(500);
    expect(await failed.json()).toMatchObject({
      errorType: 'RunFailed',
      errorMessage: expect.stringContaining(rig.haproxy.admin),
    });
    expect((await fetch(`${url}/health`)).status).toBe(503);
    const forwarder = await forwarderTo(url);
    await waitFor(async () => (await forwarder.status()).lastDelivered !== null, { what: 'the delivery' });
    expect(await forwarder.status()).toMatchObject({ failures: 0, pending: 0 });
    expect(forwarder.child.output()).toMatch(/the run failed \(".*"\); the resync repeats it/);
  });
});

describe('as a process', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startHarness();
  });
  afterEach(() => harness?.close());

  const ended = async (env: Record<string, string>, ...more: string[]) => {
    const [command, ...args] = BUILT_ADAPTER;
    const child = await harness.spawn('http', command, [...args, ...more], { env });
    return `${await child.ended}: ${child.output()}`;
  };

  test('it ends with 0 when it is told to', async () => {
    const { child } = await startHttp(harness, {});
    child.signal('SIGTERM');
    expect(await child.ended).toBe('exit 0');
  });

  test('without a token it is on this machine alone', async () => {
    const { url } = await startHttp(harness, {});
    const others = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of others)
      await expect(fetch(url.replace('127.0.0.1', address))).rejects.toThrow('fetch failed');
  });

  test('wrong use is one line', async () => {
    const { url } = await startHttp(harness, {});
    const { port } = new URL(url);
    const file = join(harness.dir, 'token');
    writeFileSync(file, 'short');
    expect(await ended({ PORT: port })).toMatch(
      new RegExp(`^exit 1: http: listen EADDRINUSE: address already in use 127\\.0\\.0\\.1:${port}\n$`),
    );
    expect(await ended({ PORT: '0', IRI_LB_TOKEN_FILE: file })).toMatch(
      /^exit 1: http: PORT: "0" is no port; give 1 to 65535; IRI_LB_TOKEN_FILE: ".*token" holds no token: one line of [^\n]*\n$/,
    );
    expect(await ended({}, '--port')).toBe(
      'exit 64: http: "--port" is not known; settings come from the environment, see --help\n',
    );
    expect(await ended({}, '--help')).toContain('exit 0: Usage: PORT=8080');
  });

  test('a configuration that is wrong is told to whoever asks, and to /health', async () => {
    const { url } = await startHttp(harness, {
      CONSUL_HTTP_ADDR: 'ftp://nobody',
      CONSUL_HTTP_TOKEN: 'hidden-token',
    });
    const answer = await fetch(`${url}/watch`, { method: 'POST' });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      errorType: 'ConfigError',
      errorMessage: expect.stringContaining('CONSUL_HTTP_ADDR'),
    });
    const health = await fetch(`${url}/health`);
    expect(health.status).toBe(503);
    expect(await health.text()).not.toContain('hidden-token');
  });
});
