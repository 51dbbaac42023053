// TLS, users, the whitelist, compression, the log, the statistics page and pools that are no IRI nodes.
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { type Certificate, makeCertificate } from '../../infra/local/stand-in-tls.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { ask } from './client.js';
import { type Rig, startRig } from './rig.js';
import { basicAuth, PASSWORD, PASSWORD_HASH } from './users.js';

const INFO = '{"command":"getNodeInfo"}';
const POW = '{"command":"attachToTangle"}';
const users = [{ name: 'wallet', password: PASSWORD_HASH }];
const right = basicAuth('wallet', PASSWORD);

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

describe('with TLS and users', () => {
  let rig: Rig;
  let certificate: Certificate;
  beforeAll(async () => {
    certificate = await makeCertificate(harness.dir, 'frontend');
    const file = join(harness.dir, 'frontend.pem');
    writeFileSync(file, certificate.cert + certificate.key);
    rig = await startRig({
      harness,
      settings: { frontend: { tls: { certificate: file }, auth: { realm: 'iri', users } }, limits: false },
    });
  });
  const get = (request: Parameters<typeof ask>[1]) => ask(rig.port, { ca: certificate.cert, ...request });

  it('serves who knows the password, and says that it was HTTPS', async () => {
    expect(await get({ body: INFO, headers: right })).toMatchObject({ status: 200, node: 'iri_back-1' });
    expect(rig.nodes.iri_back?.[0]?.arrivals.at(-1)?.headers).toMatchObject({ 'x-forwarded-proto': 'https' });
  });

  it('tells no node the password', async () => {
    await get({ body: INFO, headers: right });
    expect(rig.nodes.iri_back?.[0]?.arrivals.at(-1)?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['no password', {}],
    ['a wrong password', basicAuth('wallet', 'wrong')],
    ['an unknown user', basicAuth('nobody', PASSWORD)],
  ])('asks for the password of a request with %s', async (_what, headers) => {
    const answer = await get({ body: INFO, headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('realm="iri"');
  });

  it('lets a preflight pass without a password, since browsers send none', async () => {
    expect(await get({ method: 'OPTIONS', version: false })).toMatchObject({
      status: 200,
      node: 'iri_back-1',
    });
  });

  it('denies commands to users as to anyone', async () => {
    expect(await get({ body: '{"command":"addNeighbors"}', headers: right })).toMatchObject({ status: 403 });
  });

  it.each([
    ['an answer', { body: INFO, headers: right }],
    ['a refusal', { body: INFO }],
  ])('puts the security headers on %s', async (_what, request) => {
    expect((await get(request)).headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
    });
  });

  it.each([
    ['{"command":"getNodeInfo"}', '200'],
    ['{"command":"addNeighbors"}', '403'],
    ['{"command":"getNodeInfo","command":"addNeighbors"}', '400'],
  ])('holds HTTP/2 to the same rules: %s', async (body, status) => {
    const session = connectHttp2(`https://localhost:${rig.port}`, { ca: certificate.cert });
    const answered = await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':method': 'POST', 'x-iota-api-version': '1', ...lowerCase(right) });
      stream.on('response', (headers) => resolve(String(headers[':status'])));
      stream.on('error', reject);
      stream.end(body);
    });
    session.destroy();
    expect(answered).toBe(status);
  });
});

describe('without TLS', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      harness,
      settings: { frontend: { whitelist: ['127.0.0.64/26'] }, stats: { auth: { users } }, limits: false },
    });
  });

  it('whitelists a whole range and nothing beside it', async () => {
    const status = async (from: string) =>
      (await ask(rig.port, { body: '{"command":"getNeighbors"}', from })).status;
    expect([await status('127.0.0.63'), await status('127.0.0.64')]).toEqual([403, 200]);
    expect([await status('127.0.0.127'), await status('127.0.0.128')]).toEqual([200, 403]);
  });

  it('sends no header that only HTTPS may', async () => {
    expect((await ask(rig.port, { body: INFO })).headers).not.toHaveProperty('strict-transport-security');
  });

  it('compresses an answer for a client that takes it', async () => {
    const plain = await ask(rig.port, { body: INFO });
    const packed = await ask(rig.port, { body: INFO, headers: { 'Accept-Encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.body.length).toBeLessThan(plain.body.length / 10);
    expect(gunzipSync(Buffer.from(packed.body, 'latin1')).toString()).toBe(plain.body);
  });

  it('logs the command and the answering server, and no body', async () => {
    const seen = rig.log().length;
    await ask(rig.port, { body: '{"command":"attachToTangle","seed":"SECRET9SEED"}' });
    await ask(rig.port, { body: '{"command":"addNeighbors","seed":"SECRET9SEED"}' });
    const lines = await waitFor(() => /addNeighbors/.test(rig.log().slice(seen)) && rig.log().slice(seen), {
      what: 'the log lines',
    });
    expect(lines).toMatch(/iri_pow_back\/irisrv1 .* 200 .*command:attachToTangle "POST \/ HTTP\/1\.1"/);
    expect(lines).toMatch(/iri_front\/<NOSRV> .* 403 .*command:addNeighbors /);
    expect(lines).not.toContain('SECRET9SEED');
  });

  it('cannot be made to write a line of its own into the log', async () => {
    const seen = rig.log().length;
    await ask(rig.port, { body: '{"command":"x\\ny"}', headers: { 'User-Agent': 'a"\tb' } });
    const lines = await waitFor(() => /ua:/.test(rig.log().slice(seen)) && rig.log().slice(seen), {
      what: 'a log line',
    });
    expect(lines.trim().split('\n')).toHaveLength(1);
    expect(lines).toMatch(/ 400 .*command:- /);
  });

  it('shows statistics and metrics to who knows the password', async () => {
    const read = (path: string, headers = {}) =>
      ask(rig.statsPort, { method: 'GET', path, headers, version: false });
    expect((await read('/')).status).toBe(401);
    expect((await read('/metrics')).status).toBe(401);
    expect((await read('/', right)).body).toContain('iri_pow_back');
    expect((await read('/metrics', right)).body).toMatch(/^haproxy_server_status\{.*iri_pow_back.*\}/m);
  });
});

describe('with logged bodies', () => {
  it('logs as much of a body as it was told, in one line', async () => {
    const rig = await startRig({ harness, settings: { log: { bodyBytes: 64 }, limits: false } });
    const seen = rig.log().length;
    await ask(rig.port, { body: `{"command":"getNodeInfo",\n"x":"${'y'.repeat(200)}"}` });
    const lines = await waitFor(() => /getNodeInfo/.test(rig.log().slice(seen)) && rig.log().slice(seen), {
      what: 'the log line',
    });
    expect(lines).toMatch(/body:".*command.*y{10,40}"$/m);
    expect(lines).not.toMatch(/y{64}/);
  });
});

describe('with a web service', () => {
  it('sends every request to it as it came', async () => {
    const pools = [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web', slots: 2 }] }];
    const rig = await startRig({ harness, pools, nodes: { web: 1 }, settings: { iri: false } });
    for (const request of [{ method: 'GET' }, { method: 'PUT', body: POW }, { method: 'DELETE' }]) {
      expect(await ask(rig.port, { ...request, version: false })).toMatchObject({
        status: 200,
        node: 'web-1',
      });
    }
    expect(rig.nodes.web?.[0]?.arrivals.map(({ method, body }) => `${method} ${body}`)).toEqual([
      'GET ',
      `PUT ${POW}`,
      'DELETE ',
    ]);
  });
});

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
