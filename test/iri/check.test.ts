// The node check against stand-in nodes, by its exact findings.
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import type { StandIn, StandInOptions } from '../../infra/local/stand-in.js';
import { FAULTS } from '../../infra/local/stand-in-answers.js';
import { checkNode } from '../../lib/iri/node-check/check.js';
import { describeFailure } from '../../lib/iri/node-check/failures.js';
import { type CheckOptions, parseArguments } from '../../lib/iri/node-check/options.js';
import { startCase, startNode } from '../cli/rig.js';
import { type Certificates, makeCertificates } from './certificates.js';
import { CHECK_CASES, passes } from './check-cases.js';

/** Without an authority to trust, which only a process of its own can be given: rotation.test.ts. */
const CASES = CHECK_CASES.filter((entry) => !entry.tls || entry.args?.includes('-k'));
const SLOW_MS = 100;

let harness: Harness;
let certificates: Certificates;

beforeAll(async () => {
  harness = await startHarness();
  certificates = await makeCertificates(harness.dir);
});
afterAll(() => harness.close());

const node = (options: Partial<StandInOptions> = {}): Promise<StandIn> =>
  startNode(harness, { name: 'n', slowMs: SLOW_MS, ...options });

function optionsFor(url: string, ...args: readonly string[]): CheckOptions {
  const parsed = parseArguments(['-a', url, ...args]);
  if (parsed.kind !== 'check') throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

const check = (url: string, ...args: readonly string[]) => checkNode(optionsFor(url, ...args));

describe('the node check', () => {
  it.each(CASES)('says of $fault $tls with $args: $finding', async (entry) => {
    const { url } = await startCase(harness, entry, certificates);
    const { ok, message } = await check(url, ...(entry.args ?? []));
    expect([ok, message.startsWith(`${url}: `)]).toEqual([passes(entry), true]);
    const said = message.slice(`${url}: `.length);
    if (typeof entry.finding === 'string') expect(said).toBe(entry.finding);
    else expect(said).toMatch(entry.finding);
  });

  it('has a case for every fault that a stand-in can have', () => {
    const covered = new Set<string>(CHECK_CASES.map(({ fault }) => fault));
    expect(Object.keys(FAULTS).filter((fault) => !covered.has(fault))).toEqual([]);
  });

  it('names everything that is wrong with getNodeInfo at once', async () => {
    const { url } = await node({ fault: 'few-neighbors' });
    expect((await check(url, '-m', '1.6.0', '-r', 'HORNET')).message).toBe(
      `${url}: appVersion is "1.5.6", older than 1.6.0; appName is "IRI", not "HORNET"; too few neighbors: 1, fewer than 2`,
    );
  });

  it('takes 1.4.10 for newer than 1.4.2.1', async () => {
    const { url } = await node({ appVersion: '1.4.10' });
    expect((await check(url)).ok).toBe(true);
  });

  it('asks the limited commands only where they are to be checked, and with the API header', async () => {
    const { url, requests } = await node({ pow: true });
    await check(url, '-p', '-i');
    expect(requests.map(({ command }) => command)).toEqual(['getNodeInfo', 'attachToTangle']);
    await check(url, '-p');
    expect(requests.slice(2).map(({ command }) => command)).toEqual([
      ...['getNodeInfo', 'attachToTangle', 'getNeighbors', 'addNeighbors', 'removeNeighbors'],
    ]);
    expect(requests.every(({ method, headers }) => method === 'POST' && headers['x-iota-api-version'])).toBe(
      true,
    );
  });

  it('asks nothing more of a node that fails getNodeInfo', async () => {
    const { url, requests } = await node({ fault: 'unsynced' });
    await check(url, '-p');
    expect(requests.map(({ command }) => command)).toEqual(['getNodeInfo']);
  });

  it('gives all requests together one budget', async () => {
    const { url } = await node({ fault: 'slow' });
    const { ok, message } = await checkNode({ ...optionsFor(url, '-t', '60'), budgetMs: 3 * SLOW_MS });
    expect(ok).toBe(false);
    expect(message).toMatch(/: \w+: no (complete )?answer within 0\.3 s for all requests$/);
  });

  it('checks over IPv6', async () => {
    const { url } = await node({ host: '::1' });
    expect(await check(url)).toEqual({
      ok: true,
      message: expect.stringMatching(/^http:\/\/\[::1\]:\d+: ok/),
    });
  });

  it('verifies certificates, and not with -k', async () => {
    const { url } = await node({ tls: certificates.of['self-signed'] });
    expect(await check(url)).toEqual({
      ok: false,
      message: `${url}: getNodeInfo: TLS: the certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT); -k would not verify it`,
    });
    expect((await check(url, '-k')).ok).toBe(true);
    expect((await checkNode({ ...optionsFor(url), verifyTls: false })).ok).toBe(true);
  });

  it('names what is no node at all', async () => {
    const free = await harness.freePort();
    const plain = await node();
    const secure = await node({ tls: certificates.of['self-signed'] });
    expect((await check(`http://127.0.0.1:${free}`)).message).toBe(
      `http://127.0.0.1:${free}: getNodeInfo: connection refused (ECONNREFUSED)`,
    );
    expect((await check('http://node.invalid:1')).message).toMatch(/resolve/);
    expect((await check(plain.url.replace('http', 'https'))).message).toMatch(
      /getNodeInfo: (TLS|connection closed)/,
    );
    expect((await check(secure.url.replace('https', 'http'))).message).toMatch(
      /getNodeInfo: connection closed/,
    );
  });

  it('asks once more when a node closes the kept connection just as it is used', async () => {
    const used = new WeakSet<Socket>();
    let answered = 0;
    const server = createServer((request, response) => {
      if (used.has(request.socket)) {
        request.socket.destroy();
        return;
      }
      used.add(request.socket);
      answered += 1;
      response.statusCode = answered === 1 ? 200 : 401;
      response.end(JSON.stringify({ appName: 'IRI', appVersion: '2.0', duration: 1, neighbors: 9 }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    harness.onClose(() => server.close());
    const { port } = server.address() as AddressInfo;
    expect((await check(`http://127.0.0.1:${port}`, '-u')).message).toContain(': ok, IRI 2.0');
    expect(answered).toBe(6);
  });

  it.each([
    ['CERT_HAS_EXPIRED', 'TLS: the certificate has expired (CERT_HAS_EXPIRED); -k would not verify it'],
    ['EHOSTUNREACH', 'no route to the host (EHOSTUNREACH)'],
    ['HPE_INVALID_CONSTANT', 'the answer is not HTTP (HPE_INVALID_CONSTANT)'],
  ])('has words for %s', (code, words) => {
    expect(describeFailure(Object.assign(new Error('x'), { code }))).toBe(words);
  });
});
