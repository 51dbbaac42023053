// `iri-lb node add` with a file: what it takes and what it refuses before Consul sees it.
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

describe('iri-lb node add --file', () => {
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

  it('reads the one entry of {"services": […]}, and what Consul knows beyond our own examples', async () => {
    const service = {
      ...{ id: 'n', address: '10.0.0.5', port: 14265, kind: '', connect: { native: true } },
      checks: [{ script_args: ['true'], interval: '1m30s', service_id: 'n', proxy_http: 'x' }],
    };
    expect(await printed('--file', file('services.json', { services: [service] }))).toEqual({
      ...service,
      name: 'iri',
    });
  });

  it('gives a file without a check, and one with an empty list of them, the node check', async () => {
    for (const more of [{}, { checks: [] }]) {
      const bare = file('bare.json', { address: '10.0.0.5', port: 1, ...more });
      const service = await printed('--file', bare, '--check-interval', '1m30s');
      expect(service).toMatchObject({ check: { interval: '1m30s' } });
      expect(service).not.toHaveProperty('checks');
    }
  });

  it('leaves a token out of what it prints, and says so', async () => {
    const path = file('token.json', { address: '10.0.0.5', port: 1, token: 's3cret' });
    const { out, err, status } = await run('add', '--file', path, '--print');
    expect([status, err]).toEqual([0, 'iri-lb: token: not printed; add it to the file yourself']);
    expect(out).not.toContain('s3cret');
    expect(out).not.toContain('token');
  });

  it.each([
    ['not JSON', '{"address": ', '--file: not JSON'],
    ['a list', [], '--file: not an object with one service definition'],
    ['two services', { services: [{}, {}] }, '--file: it has 2 services; register one at a time'],
    ['a service that is none', { service: 's3cret' }, '--file: not an object with one service definition'],
    [
      'an unknown key',
      { address: '10.0.0.1', port: 1, passwort: 's3cret' },
      'passwort: unknown key; known are id, name',
    ],
    [
      'a token that is none',
      { address: '10.0.0.1', port: 1, token: 's3cret\n' },
      'token: is unusable; give the text of an ACL token',
    ],
    ['an object of checks', { checks: { tcp: 'x' } }, 'checks: "{'],
    ['a check that is null', { check: null }, 'check: "null" is no check; leave it out, or say --no-check'],
    ['a null among its checks', { checks: [null] }, 'checks.0: "null" is no check'],
    [
      'a text for the tags',
      { address: '10.0.0.1', port: 1, tags: 'x' },
      'tags: x is unusable; give a list of texts',
    ],
    [
      'a weight of 0',
      { address: '10.0.0.1', port: 1, weights: { passing: 0 } },
      'weights.passing: 0 is unusable; give a number from 1 to 65535',
    ],
    [
      'the text of a weight',
      { address: '10.0.0.1', port: 1, weights: { passing: '5' } },
      'weights.passing: 5 is unusable; give a number from 1 to 65535',
    ],
    ['a list of weights', { weights: [1] }, 'weights: "[1]" is unusable; give an object'],
    ['a blank in a Meta key', { meta: { 'a b': 'x' } }, 'meta: key "a b" is unusable; use up to 128 of'],
    ["a Meta key of Consul's", { meta: { 'consul-x': 'x' } }, 'meta: key "consul-x" is unusable; consul- is'],
    [
      'a long Meta value',
      { meta: { a: 'ä'.repeat(257) } },
      'meta: the value of "a" is longer than 512 bytes',
    ],
    [
      'too much Meta',
      { meta: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, ''])) },
      'meta: has 65 keys; Consul takes at most 64',
    ],
    [
      'a word for a boolean',
      { enable_tag_override: 'yes' },
      'enable_tag_override: yes is unusable; give true',
    ],
    ['a list for connect', { connect: [] }, 'connect: "[]" is unusable; give an object'],
    [
      'an unknown key of its check',
      { address: '10.0.0.1', port: 1, check: { script: 'x' } },
      'check.script: unknown key',
    ],
  ])('refuses a file with %s', async (_what, content, message) => {
    const { status, err } = await run('add', '--file', file('bad.json', content));
    expect([status, err]).toEqual([64, expect.stringContaining(`iri-lb: ${message}`)]);
    expect(err).not.toContain('s3cret');
  });

  it.each([
    [['--no-check'], '--no-check: the file has a check; leave one of them out'],
    [['--check-interval', '30s'], '--check-interval: the file has its own check; leave one of them out'],
    [['--deregister-after', '1h'], '--deregister-after: the file has its own check'],
  ])('refuses %j beside a check of the file', async (flags, message) => {
    for (const check of [{ check: { ttl: '9s' } }, { checks: [{ ttl: '9s' }] }]) {
      const path = file('checked.json', { address: '10.0.0.1', port: 1, ...check });
      const { status, err } = await run('add', '--file', path, ...flags);
      expect([status, err]).toEqual([64, expect.stringContaining(`iri-lb: ${message}`)]);
    }
  });

  it('refuses a file together with flags that say the same, and one that is not there', async () => {
    const path = file('good.json', { address: '10.0.0.1', port: 1 });
    expect((await run('add', '--file', path, '--weight', '3')).err).toBe(
      'iri-lb: --weight: say it in the file, or leave --file out',
    );
    expect((await run('add', '--file', join(harness.dir, 'none.json'))).err).toContain('cannot read');
  });
});
