// `iri-lb node add`: what it fills in and what it refuses before Consul sees it.
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

/** No Consul is there: what gets that far fails. */
const { run } = commandLine({ env: { CONSUL_HTTP_ADDR: '127.0.0.1:1' } });

async function printed(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { out, err, status } = await run('add', ...args, '--print');
  expect([status, err]).toEqual([0, '']);
  return JSON.parse(out).service;
}

function file(name: string, content: unknown): string {
  const path = join(harness.dir, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('iri-lb node add', () => {
  it('fills id, name and check', async () => {
    expect(await printed('--address', '10.0.0.5', '--port', '14265')).toEqual({
      id: '10.0.0.5:14265',
      name: 'iri',
      address: '10.0.0.5',
      port: 14265,
      check: {
        name: 'IRI API 10.0.0.5:14265',
        args: ['node', '/opt/node-check.mjs', '-a', 'http://10.0.0.5:14265'],
        interval: '30s',
        timeout: '5s',
        deregister_critical_service_after: '24h',
      },
    });
  });

  it('makes tags of flags, and has the check do what they say', async () => {
    const service = await printed(
      ...['--address', 'Node.Example.org', '--port', '443', '--scheme', 'https', '--sslverify', '0'],
      ...['--pow', 'only', '--maxconnpow', '2', '--weight', '5', '--tag', 'mine', '--check-args', '-n 4'],
    );
    expect(service).toMatchObject({
      id: 'node.example.org:443',
      tags: [
        ...['mine', 'haproxy.weight=5', 'haproxy.maxconnpow=2', 'haproxy.pow=only', 'haproxy.scheme=https'],
        'haproxy.sslverify=0',
      ],
      check: { args: expect.arrayContaining(['https://node.example.org:443', '-k', '-p', '-u', '-n', '4']) },
    });
  });

  it('writes IPv6 addresses bare, and in brackets where a port follows', async () => {
    expect(await printed('--address', '[2001:DB8::5]', '--port', '1', '--no-check')).toEqual({
      id: '[2001:db8::5]:1',
      name: 'iri',
      address: '2001:db8::5',
      port: 1,
    });
  });

  it('reads a file in the spelling of the API or of the agent, and keeps its check', async () => {
    const api = { ID: 'n', Address: '10.0.0.5', Port: 14265, EnableTagOverride: true };
    const check = { CheckID: 'c', TCP: '10.0.0.5:1', Interval: '9s', DeregisterCriticalServiceAfter: '1h' };
    const bare = file('api.json', { ...api, Weights: { Passing: 3 }, Check: check });
    const agent = file('agent.json', {
      service: {
        ...{ id: 'n', address: '10.0.0.5', port: 14265, enable_tag_override: true, weights: { passing: 3 } },
        check: { id: 'c', tcp: '10.0.0.5:1', interval: '9s', deregister_critical_service_after: '1h' },
      },
    });
    expect(await printed('--file', bare)).toEqual(await printed('--file', agent));
    expect(await printed('--file', agent)).toMatchObject({
      ...{ enable_tag_override: true, weights: { passing: 3 } },
      check: { id: 'c', tcp: '10.0.0.5:1', interval: '9s', deregister_critical_service_after: '1h' },
    });
  });

  it('names every problem at once, and asks Consul nothing', async () => {
    const { status, out, err } = await run(
      ...['add', '--address', '0.0.0.0', '--port', '99999', '--service', 'web', '--id', 'a b'],
      ...['--weight', '1;shutdown sessions', '--maxconn', '3'],
    );
    expect([status, out]).toEqual([1, '']);
    expect(err.split('\n')).toEqual([
      'iri-lb: address: 0.0.0.0 is unusable; give an IPv4 or IPv6 address or a host name',
      'iri-lb: port: 99999 is unusable; give 1 to 65535',
      'iri-lb: name: no pool serves web; use iri, or add a pool in LB_CONFIG',
      'iri-lb: id: "a b" is unusable; use up to 128 of A-Z a-z 0-9 _ . : @ [ ] -',
      'iri-lb: tags: tag "haproxy.weight=1;shutdown sessions" is not a whole number from 0 to 256',
    ]);
  });

  it.each([
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-args', '-t 9'],
      '--check-timeout: 5s is too short for a check that may take 10.5 s',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-args', '-x'],
      "--check-args: Unknown option '-x'; -h helps",
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-interval', 'often'],
      '--check-interval: "often"; give a time like 30s, 10m or 24h',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--tag', 'haproxy.wieght=1'],
      'tags: tag "haproxy.wieght=1": unknown key, known are weight, maxconn, scheme, sslverify, maxconnpow, pow',
    ],
    [[], 'address: missing; give an IPv4 or IPv6 address or a host name'],
  ])('refuses %j', async (args, message) => {
    const { status, err } = await run('add', ...args);
    expect([status, err]).toEqual([1, expect.stringContaining(`iri-lb: ${message}`)]);
  });

  it.each([
    ['not JSON', '{"address": ', '--file: not JSON'],
    ['a list', [], '--file: not an object with one service definition'],
    [
      'an unknown key',
      { address: '10.0.0.1', port: 1, token: 's3cret' },
      'token: unknown key; known are id, name',
    ],
    [
      'a text for the tags',
      { address: '10.0.0.1', port: 1, tags: 'x' },
      'tags: x is unusable; give a list of texts',
    ],
    [
      'a weight of 0',
      { address: '10.0.0.1', port: 1, weights: { passing: 0 } },
      'weights.passing: 0 is unusable; give 1 to 256',
    ],
    [
      'an unknown key of its check',
      { address: '10.0.0.1', port: 1, check: { script: 'x' } },
      'check.script: unknown key',
    ],
  ])('refuses a file with %s', async (_what, content, message) => {
    const { status, err } = await run('add', '--file', file('bad.json', content));
    expect([status, err]).toEqual([1, expect.stringContaining(`iri-lb: ${message}`)]);
    expect(err).not.toContain('s3cret');
  });

  it('refuses a file together with flags that say the same, and one that is not there', async () => {
    const path = file('good.json', { address: '10.0.0.1', port: 1 });
    expect((await run('add', '--file', path, '--weight', '3')).err).toBe(
      'iri-lb: --weight: say it in the file, or leave --file out',
    );
    expect((await run('add', '--file', join(harness.dir, 'none.json'))).err).toContain('cannot read');
  });

  it('says which agent it could not reach', async () => {
    const { status, err } = await run('add', '--address', '10.0.0.1', '--port', '1');
    expect([status, err]).toEqual([
      1,
      'iri-lb: consul http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; is it up, and is CONSUL_HTTP_ADDR right?',
    ]);
  });
});
