// How `iri-lb node add` is told what checks the instance, and that nothing of IRI shows where nothing is of IRI.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { commandLine } from './command-line.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const pool = (service: string) => ({ backend: service, service, ranges: [{ prefix: service }] });
const config = (services: string[], haproxy?: object): string =>
  JSON.stringify({ pools: services.map(pool), ...(haproxy ? { haproxy } : {}) });

/** No Consul is there: what gets that far fails. */
const lineOf = (LB_CONFIG?: string) =>
  commandLine({ env: { CONSUL_HTTP_ADDR: '127.0.0.1:1', ...(LB_CONFIG ? { LB_CONFIG } : {}) } });
const iri = lineOf();
const web = lineOf(config(['web']));
const both = lineOf(config(['iri', 'web']));
const off = lineOf(config(['iri'], { iri: false }));

const AT = ['--address', '10.0.0.5', '--port', '80'];
const TIMES = { interval: '30s', timeout: '5s', deregister_critical_service_after: '24h' };

type Line = typeof web;

async function printed(line: Line, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { out, err, status } = await line.run('add', ...args, '--print');
  expect([status, err]).toEqual([0, '']);
  return JSON.parse(out).service;
}

function file(name: string, content: unknown): string {
  const path = join(harness.dir, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('the check that iri-lb node add registers', () => {
  it.each<[string, Line]>([
    ['iri', iri],
    ['web', web],
  ])('is a GET of a path, or a connection, of service %s where it is told so', async (_service, line) => {
    expect(await printed(line, ...AT, '--http', '/health?deep=1')).toMatchObject({
      check: {
        name: 'HTTP 10.0.0.5:80',
        http: 'http://10.0.0.5:80/health?deep=1',
        notes: 'GET /health?deep=1',
        ...TIMES,
      },
    });
    expect((await printed(line, ...AT, '--tcp', '--check-interval', '9s')).check).toEqual({
      name: 'TCP 10.0.0.5:80',
      tcp: '10.0.0.5:80',
      ...{ ...TIMES, interval: '9s' },
    });
  });

  it('asks as the tags say, and IPv6 addresses in brackets', async () => {
    const https = [...AT, '--http', '/', '--scheme', 'https'];
    const { check: verified } = await printed(web, ...https);
    expect(verified).toMatchObject({ http: 'https://10.0.0.5:80/' });
    expect(verified).not.toHaveProperty('tls_skip_verify');
    const { check: unverified } = await printed(web, ...https, '--sslverify', '0');
    expect(unverified).toMatchObject({ http: 'https://10.0.0.5:80/', tls_skip_verify: true });
    const { check: plain } = await printed(web, ...AT, '--http', '/', '--sslverify', '0');
    expect(plain).not.toHaveProperty('tls_skip_verify');
    const { check: v6 } = await printed(web, '--address', '2001:db8::5', '--port', '80', '--tcp');
    expect(v6).toMatchObject({ tcp: '[2001:db8::5]:80' });
  });

  it('is that of a file, bare or as an agent has it, beside flags or a service file without one', async () => {
    const check = { id: 'c', name: 'mine', http: 'http://10.0.0.5/x', interval: '9s', tls_skip_verify: true };
    const bare = file('bare.json', { ...check, ID: undefined, HTTP: check.http, http: undefined });
    const agent = file('agent.json', { check });
    expect((await printed(web, ...AT, '--check', bare)).check).toEqual(check);
    expect((await printed(iri, ...AT, '--check', agent)).check).toEqual(check);
    const service = file('service.json', { address: '10.0.0.5', port: 80 });
    expect((await printed(web, '--file', service, '--check', agent)).check).toEqual(check);
  });

  it.each<[string, Line, string[], boolean]>([
    ["IRI's service", iri, [], true],
    ["IRI's service, first of two", both, [], true],
    ['another service beside it', both, ['--service', 'web'], false],
    ['another service', web, [], false],
    ['a service named iri with haproxy.iri off', off, [], false],
    ["IRI's service with --no-check", iri, ['--no-check'], false],
  ])('is by default of %s', async (_what, line, args, nodeCheck) => {
    const service = await printed(line, ...AT, ...args);
    if (nodeCheck)
      expect(service.check).toMatchObject({ args: expect.arrayContaining(['/opt/node-check.mjs']) });
    else expect(service).not.toHaveProperty('check');
  });

  it.each<[Line, string[], string]>([
    [web, ['--http', 'health'], '--http: "health" is no path; give one like / or /health'],
    [web, ['--http', '/a b'], '--http: "/a b" is no path; give one like / or /health'],
    [web, ['--http', '/', '--tcp'], '--http, --tcp: say one of them'],
    [iri, ['--tcp', '--no-check'], '--tcp, --no-check: say one of them'],
    [web, ['--check-interval', '9s'], '--check-interval: there is no check; say --http PATH or --tcp'],
    [web, ['--tcp', '--check-timeout', 'long'], '--check-timeout: "long"; give a time like 5s'],
    [iri, ['--tcp', '--check-args', '-n 4'], '--check-args: is for the node check alone; leave it out'],
    [both, ['--service', 'web', '--check-command', 'x'], '--check-command: there is no check; say --http'],
    [web, ['--check', '/nowhere.json'], '--check: cannot read "/nowhere.json" (ENOENT'],
    [web, ['--check-args', '-n 4'], "unknown option '--check-args'"],
    [web, ['--check-command', 'x'], "unknown option '--check-command'"],
    [web, ['--pow', 'true'], "unknown option '--pow'"],
    [off, ['--maxconnpow', '2'], "unknown option '--maxconnpow'"],
  ])('is refused (%#: %j)', async (line, args, message) => {
    const { status, err } = await line.run('add', ...AT, ...args);
    expect([status, err]).toEqual([64, expect.stringContaining(`iri-lb: ${message}`)]);
    expect(err).not.toContain('\n');
  });

  it.each([
    ['not JSON', '{', '--check: not JSON'],
    ['a list', [], '--check: not an object with one check definition'],
    ['nothing', { check: {} }, '--check: not an object with one check definition'],
    ['an unknown key', { tpc: 'x' }, 'check.tpc: unknown key; known are id, name'],
  ])('is refused where its file has %s', async (_what, content, message) => {
    const { status, err } = await web.run('add', ...AT, '--check', file('bad.json', content));
    expect([status, err]).toEqual([64, expect.stringContaining(`iri-lb: ${message}`)]);
  });

  it('is refused beside one of the service file, or times that its own file has', async () => {
    const checked = file('checked.json', { address: '10.0.0.5', port: 80, check: { ttl: '9s' } });
    expect((await web.run('add', '--file', checked, '--tcp')).err).toBe(
      'iri-lb: --tcp: the file has a check; leave one of them out',
    );
    const check = file('check.json', { ttl: '9s' });
    expect((await web.run('add', ...AT, '--check', check, '--check-interval', '9s')).err).toBe(
      'iri-lb: --check-interval: say it in the file of --check',
    );
  });
});

describe('the help of iri-lb node', () => {
  const IRI = /\bIRI\b|PoW|pow\b|its API|the node check|--check-args|--check-command/;

  it.each<[string, Line]>([
    ['another service', web],
    ['haproxy.iri off', off],
  ])('has nothing of IRI with %s', async (_what, line) => {
    for (const command of ['add', 'check']) {
      const help = await line.help(command);
      expect(help).toContain('--http <path>');
      expect(help.replace(/iri-lb/g, '')).not.toMatch(IRI);
    }
  });

  it('has it where LB_CONFIG says nothing, and the options of every tag', async () => {
    const help = await iri.help('add');
    for (const flag of [
      '--weight <0..256>',
      '--scheme <http|https>',
      '--maxconnpow',
      '--pow <false|true|only>',
    ])
      expect(help).toContain(flag);
    expect(help).toContain('--check-args');
    expect(await iri.help('check')).toContain('--check-args');
  });
});
