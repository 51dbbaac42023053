// LB_CONFIG for those who render: a mistake in any of it is told at once; runs pass over what they do not read.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { readSettings, readSettingsWith } from '../../lib/config/environment.js';
import { configSchema } from '../../lib/config/pools.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { ConfigError } from '../../lib/model/errors.js';
import { renderConfigSchema } from '../../lib/render/config.js';

type Read = (env: Readonly<Record<string, string>>) => unknown;
const readAll: Read = (env) => readSettingsWith(renderConfigSchema, env);

/** What is wrong with an LB_CONFIG that has these settings of HAProxy. */
function problemsOf(haproxy: unknown, read = readAll, others: object = iriLayout): string[] {
  try {
    read({ LB_CONFIG: JSON.stringify({ ...others, haproxy }) });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('what only rendering reads', () => {
  it.each([
    [
      { frontend: { bnid: '0.0.0.0:1' } },
      'LB_CONFIG.haproxy.frontend.bnid: is no setting; did you mean bind?',
    ],
    [{ frontedn: {} }, 'LB_CONFIG.haproxy.frontedn: is no setting; did you mean frontend?'],
    [{ limits: { connections: -1 } }, 'LB_CONFIG.haproxy.limits.connections: use a whole number'],
    [{ stats: { auth: 1 } }, 'LB_CONFIG.haproxy.stats.auth: use an object'],
  ])('is refused where it is wrong, and passed over by runs: %j', (haproxy, message) => {
    expect(problemsOf(haproxy)).toEqual([expect.stringContaining(message)]);
    expect(problemsOf(haproxy, readSettings)).toEqual([]);
  });

  it('has its defaults also where nothing is said', () => {
    for (const input of [iriLayout, { ...iriLayout, haproxy: {} }])
      expect(v.parse(renderConfigSchema, input).haproxy).toMatchObject({
        frontend: { bind: '0.0.0.0:14267' },
        iri: { powBalance: 'leastconn' },
        limits: { connections: 21 },
      });
  });

  it('leaves the rest as runs read it', () => {
    const { haproxy: _, hosts: __, ...rest } = v.parse(renderConfigSchema, iriLayout);
    expect(v.parse(configSchema, iriLayout)).toEqual(rest);
  });
});

describe('what runs read of it', () => {
  it.each([
    [{ iri: true }, 'LB_CONFIG.haproxy.iri: '],
    [{ stateFile: 'state' }, 'LB_CONFIG.haproxy.stateFile: use an absolute path'],
    [5, 'LB_CONFIG.haproxy: use an object'],
    [null, 'LB_CONFIG.haproxy: use an object'],
  ])('is refused once, by both: %j', (haproxy, message) => {
    for (const read of [readAll, readSettings])
      expect(problemsOf(haproxy, read)).toEqual([expect.stringContaining(message)]);
  });

  it('is whether the nodes are IRI, and none of their rules', () => {
    const rules = { iri: { bodyLimitBytes: '1' } };
    const message = 'LB_CONFIG.haproxy.iri.bodyLimitBytes: use a whole number';
    expect(problemsOf(rules, readAll)).toEqual([expect.stringContaining(message)]);
    expect(problemsOf(rules, readSettings)).toEqual([]);
  });
});

describe('the problems', () => {
  it('are told at once with those of pools and of what is unknown', () => {
    const pools = [{ backend: 'a b', service: 'web', ranges: [] }];
    const others = { pools, colour: 'red' };
    expect(problemsOf({ frontend: 1 }, readAll, others).map((line) => line.split(': ')[0])).toEqual([
      'LB_CONFIG.pools.0.backend',
      'LB_CONFIG.pools.0.ranges',
      'LB_CONFIG.colour',
      'LB_CONFIG.haproxy.frontend',
    ]);
  });

  it('are told at once with what pools are together', () => {
    const [pool] = iriLayout.pools;
    const haproxy = { frontend: { bind: 'here' }, stateFile: 'there' };
    expect(problemsOf(haproxy, readAll, { pools: [pool, pool] })).toEqual([
      'LB_CONFIG: pools.1.backend: iri_back is named twice',
      'LB_CONFIG.haproxy.frontend.bind: use "address:port" with an IP address and a port from 1 to 65535',
      expect.stringContaining('LB_CONFIG.haproxy.stateFile: use an absolute path'),
    ]);
  });

  it.each(['[]', '7', 'null', '"x"'])('of an LB_CONFIG that is %s are no fall', (text) => {
    for (const read of [readAll, readSettings])
      expect(() => read({ LB_CONFIG: text })).toThrow(/LB_CONFIG(\.pools)?: /);
  });

  it.each([
    [{ stats: { auth: 'alice:hunter2secret' } }],
    [{ frontend: { auth: { users: [{ name: 'a', password: 'hunter2secret' }] } } }],
    [{ frontend: { auth: { users: 'alice:hunter2secret' } } }],
    [{ users: 'alice:hunter2secret' }],
  ])('never show a password (%j)', (haproxy) => {
    const text = problemsOf(haproxy).join('\n');
    expect(text).not.toBe('');
    expect(text).not.toContain('hunter2secret');
  });
});
