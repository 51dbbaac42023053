// Settings from the environment: every problem at once, by name, and never a password in it.
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../lib/config/environment.js';
import { parseAdminAddress } from '../../lib/model/admin-address.js';
import { ConfigError } from '../../lib/model/errors.js';

function problemsOf(env: Readonly<Record<string, string>>): string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('have defaults for everything', () => {
    const { consul, haproxy, config } = readSettings({});
    expect(consul.addresses).toEqual(['http://127.0.0.1:8500']);
    expect(haproxy.addresses).toEqual([{ kind: 'unix', path: '/run/haproxy/iri-lb.sock' }]);
    expect(config.pools.map(({ backend, maxconn }) => [backend, maxconn])).toEqual([
      ['iri_back', 0],
      ['iri_pow_back', 1],
    ]);
  });

  it('name every problem at once', () => {
    const problems = problemsOf({
      CONSUL_HTTP_ADDR: 'ftp://x, http://ok:1',
      HAPROXY_ADDRESSES: ',',
      CONSUL_CACERT: '/nowhere.pem',
      LB_CONFIG: '{"pools":[]}',
    });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'CONSUL_HTTP_ADDR',
      'CONSUL_CACERT',
      'HAPROXY_ADDRESSES',
      'LB_CONFIG.pools',
    ]);
  });

  it.each([
    [{ CONSUL_HTTP_ADDR: 'user:hunter2secret@h:1' }],
    [{ CONSUL_HTTP_ADDR: 'http://user:hunter2secret@h:1' }],
    [{ HAPROXY_ADDRESSES: 'tcp://user:hunter2secret@h:1' }],
    [{ LB_CONFIG: '{"haproxy":{"stats":{"auth":hunter2secret}}}' }],
    [{ LB_CONFIG: '{"pools":[],"haproxy":{"stats":{"auth":"alice:hunter2secret"}}}' }],
    [{ LB_CONFIG: '{"pools":[],"haproxy":{"users":"alice:hunter2secret"}}' }],
  ])('never show a password (%j)', (env) => {
    const text = problemsOf(env).join('\n');
    expect(text).not.toBe('');
    expect(text).not.toContain('hunter2secret');
  });

  it.each([
    [{ maxconnKeys: ['scheme'] }, 'scheme means something else'],
    [{ maxconnKeys: [] }, 'LB_CONFIG.pools.0.maxconnKeys'],
    [{ select: { weight: ['2'] } }, 'weight is a setting'],
    [{ select: { maxconn: ['2'] } }, 'maxconn is a setting'],
    [{ ranges: [{ prefix: 'a' }, { prefix: 'b' }] }, 'one range per transport'],
    [{ ranges: [{ prefix: 'a1' }] }, 'must not end in a digit'],
  ])('refuse a pool that cannot work (%j)', (pool, message) => {
    const pools = [{ backend: 'b', service: 's', ranges: [{ prefix: 'x' }], ...pool }];
    expect(problemsOf({ LB_CONFIG: JSON.stringify({ pools }) }).join('\n')).toContain(message);
  });
});

describe('admin addresses', () => {
  it.each([
    ['tcp://10.0.0.5:9999', { kind: 'tcp', host: '10.0.0.5', port: 9999 }],
    ['tls://[2001:DB8::1]:9998', { kind: 'tls', host: '2001:db8::1', port: 9998 }],
    ['unix:/run/haproxy/admin.sock', { kind: 'unix', path: '/run/haproxy/admin.sock' }],
    ['consul:haproxy', { kind: 'consul', service: 'haproxy' }],
  ])('%s', (text, address) => {
    expect(parseAdminAddress(text)).toEqual(address);
  });

  it.each([
    '',
    '10.0.0.5:9999',
    'http://x:1',
    'tcp://x',
    'tcp://x:0',
    'tcp://x:99999',
    'tcp://a b:1',
    'unix:relative',
    'consul:',
  ])('not %j', (text) => {
    expect(parseAdminAddress(text)).toBeUndefined();
  });
});
