// What no process here can be made to say: bad versions, addresses of other machines, an old Consul.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../lib/config/pools.js';
import { judgeConsul } from '../../lib/doctor/consul.js';
import type { Facts, HAProxyFacts, Rights } from '../../lib/doctor/facts.js';
import type { Finding } from '../../lib/doctor/finding.js';
import { judgeProcess } from '../../lib/doctor/haproxy.js';
import { parseBalance } from '../../lib/haproxy/probes.js';
import { iriLayout } from '../../lib/iri/layout.js';

const healthy: HAProxyFacts = {
  process: { version: '2.6.12', pid: 1, uptimeSeconds: 1, node: 'lb', stopping: false },
  level: 'admin',
  sockets: [{ address: 'ipv4@127.0.0.1:9999', level: 'admin' }],
  exclusive: true,
  answeredBy: [],
  proxies: [],
  resolvers: { ask: false, answer: false },
  backends: new Map(),
};

function process(facts: Partial<HAProxyFacts>, host = '127.0.0.1'): string[] {
  const address = { kind: 'tcp', host, port: 9999 } as const;
  const config = v.parse(configSchema, iriLayout);
  return bad(
    judgeProcess(
      config,
      { address, name: 'LB', found: { ...healthy, ...facts } },
      { named: [address], registered: new Map() },
    ),
  );
}

function bad(findings: readonly Finding[]): string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ level, finding }) => `${level} ${finding}`);
}

const versionOf = (version: string): string[] => process({ process: { ...healthy.process, version } });

describe('a version of HAProxy', () => {
  it.each(['2.2.9', '2.6.12-1+deb12u4', '3.0.11', '3.2.1', '3.2.10', '3.2.26-1', '3.10.0', '4.0-dev1'])(
    '%s is good',
    (version) => expect(versionOf(version)).toEqual([]),
  );

  it.each(['1.8.30', '2.0.33', '2.1.12', ''])('%j is too old', (version) => {
    expect(versionOf(version)).toEqual([expect.stringMatching(/^error HAProxy .* lacks what runs need$/)]);
  });

  it.each(['3.2.0', '3.2.0-1~bpo12+1'])('%s hangs', (version) => {
    expect(versionOf(version)).toEqual([
      `error HAProxy ${version.includes('~') ? JSON.stringify(version) : version} hangs on long runs`,
    ]);
  });
});

describe('an admin socket in plain text', () => {
  it.each([
    'ipv4@127.0.0.1:9999',
    'ipv4@127.8.8.8:1',
    'ipv6@[::1]:9999',
    'unix@/run/a.sock',
    'abns@a',
    'fd@3',
  ])('at %s is seen by nobody else', (address) =>
    expect(process({ sockets: [{ address, level: 'admin' }] })).toEqual([]),
  );

  it.each(['ipv4@0.0.0.0:9999', 'ipv4@10.0.0.5:9999', 'ipv6@[::]:9999', 'ipv6@[fe80::1]:9999'])(
    'at %s is seen by others',
    (address) => {
      expect(process({ sockets: [{ address, level: 'operator' }] })).toEqual([
        expect.stringMatching(/answers everyone in plain text/),
      ]);
      expect(process({ sockets: [{ address, level: 'user' }] })).toEqual([]);
    },
  );

  it('is seen by others where it answers us from another machine, whatever it says of itself', () => {
    expect(process({}, '10.0.0.5')).toEqual(['error answers in plain text beyond loopback']);
    expect(process({}, 'localhost')).toEqual([]);
  });
});

describe('a HAProxy that does not tell', () => {
  it('whether a second client would wait', () => {
    expect(process({ exclusive: undefined })).toEqual([
      expect.stringMatching(/^warning a second connection/),
    ]);
  });

  it('its balance, before 2.6', () => {
    expect(parseBalance('Unknown command. Please enter one of the following commands only :')).toBe(
      'unknown',
    );
    expect(parseBalance('This command is experimental')).toBe('unknown');
  });
});

describe('a Consul', () => {
  const rights = (more: Partial<Rights['services'][number]>): Rights => ({
    services: [{ service: 'iri', read: 'allowed', write: 'denied', filtered: false, ...more }],
    nodeRead: 'allowed',
  });
  const consul = (facts: Partial<Facts>): string[] =>
    bad(
      judgeConsul({
        token: { name: 'CONSUL_HTTP_TOKEN', found: 'yes' },
        consul: [{ address: 'C', leaderless: false, clockAheadMs: 900 }],
        rights: rights({}),
        serviceNames: [],
        catalog: { failure: { detail: '', nextStep: '' } },
        discoveryFailure: undefined,
        discoveryProblems: [],
        loadBalancers: [],
        ...facts,
      }),
    );

  it('that says all is well', () => {
    expect(consul({})).toEqual([]);
  });

  it('later than 1.11, which tells that it left something out', () => {
    expect(consul({ rights: rights({ filtered: true }) })).toEqual([
      expect.stringMatching(/^error Consul leaves out what the token may not read/),
    ]);
  });

  it('too old to be asked for rights', () => {
    const unsaid = { ...rights({ read: 'unknown', write: 'unknown' }), refusal: '404' };
    expect(consul({ rights: unsaid })).toEqual([
      expect.stringMatching(/^warning nobody says what CONSUL_HTTP_TOKEN may read: POST \S+ got 404; runs/),
    ]);
  });

  it('that knows no leader, and says so in a header', () => {
    expect(consul({ consul: [{ address: 'C', leaderless: true, clockAheadMs: 0 }] })).toEqual([
      'error knows no leader',
    ]);
  });

  it('that limits its clients', () => {
    const failure = { status: 429, message: '429 "slow down"', isLeaderless: false };
    expect(consul({ consul: [{ address: 'C', leaderless: false, clockAheadMs: 0, failure }] })).toEqual([
      'error answers 429 "slow down"',
    ]);
  });
});
