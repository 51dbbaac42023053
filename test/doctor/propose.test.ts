// What `iri-lb init` proposes for HAProxy configurations of other people, and what it says of who is not in Consul.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { NoCatalog, OwnBackend, OwnCatalog, OwnHAProxy, OwnServer } from '../../lib/doctor/own.js';
import { proposalLines } from '../../lib/doctor/proposal-text.js';
import { propose } from '../../lib/doctor/propose.js';
import type { ServiceInstance } from '../../lib/model/instance.js';
import { renderConfigSchema } from '../../lib/render/config.js';

const server = (slot: string, address: string | null, more: Partial<OwnServer> = {}): OwnServer => ({
  slot,
  address,
  port: 80,
  weight: 1,
  maxconn: 0,
  state: 'ready',
  sessions: 0,
  status: 'UP',
  tls: false,
  hostName: null,
  ...more,
});
const slot = (name: string, address: string | null, more: Partial<OwnServer> = {}): OwnServer =>
  server(name, address, {
    hostName: 'slot.invalid',
    ...(address === null ? { state: 'maintenance', status: 'MAINT', port: 1 } : {}),
    ...more,
  });
const backend = (name: string, ...servers: readonly OwnServer[]): OwnBackend => ({ name, servers });
const own = (backends: readonly OwnBackend[], more: Partial<OwnHAProxy> = {}): OwnHAProxy => ({
  address: { kind: 'unix', path: '/run/haproxy/admin.sock' },
  version: '2.6.12',
  level: 'admin',
  exclusive: false,
  sockets: [{ address: 'unix@/run/haproxy/admin.sock', level: 'admin' }],
  backends,
  skipped: [],
  ...more,
});
const instance = (id: string, address: string, port = 80): ServiceInstance => ({
  node: 'n1',
  id,
  address,
  port,
  tags: [],
  meta: {},
  weights: { passing: 1, warning: 1 },
  health: 'passing',
  nodeIsDead: false,
  hasOwnCheck: true,
  kind: '',
});
const catalog = (services: Readonly<Record<string, readonly ServiceInstance[]>>): OwnCatalog => ({
  services: new Map(Object.entries(services)),
  unread: 0,
});
const NOBODY = catalog({});

const byHand = [1, 2, 3, 4].map((n) => server(`web${n}`, `10.0.0.${n}`));
const oneOfFour = catalog({ web: [instance('web-1', '10.0.0.1')], other: [instance('o', '10.0.9.9')] });

/** LB_CONFIG as it is read. */
const configOf = (haproxy: OwnHAProxy, consul: OwnCatalog | NoCatalog) =>
  v.parse(renderConfigSchema, propose(haproxy, consul).config);
const textOf = (haproxy: OwnHAProxy, consul: OwnCatalog | NoCatalog): string =>
  proposalLines(propose(haproxy, consul), haproxy, consul, 'lb.json').join('\n');

describe('servers that somebody wrote by hand', () => {
  const haproxy = own([backend('web', ...byHand)]);

  it('are in no range of the proposal, and newcomers have a range of their own', () => {
    const { pools, haproxy: rendered } = configOf(haproxy, oneOfFour);
    expect(pools.map(({ backend: name, service, ranges }) => ({ name, service, ranges }))).toEqual([
      { name: 'web', service: 'web', ranges: [{ prefix: 'web-', transport: 'plain', slots: 50 }] },
    ]);
    expect(rendered.iri).toBe(false);
    expect(byHand.some(({ slot: name }) => /^web-\d+$/.test(name))).toBe(false);
  });

  it('are named where Consul does not list them, with the lines to register them', () => {
    const text = textOf(haproxy, oneOfFour);
    expect(text).toContain('service web, which has 1 of the 4 servers that serve');
    expect(text).toContain(
      'Consul lists nobody at 10.0.0.2:80 (web2), 10.0.0.3:80 (web3), 10.0.0.4:80 (web4)',
    );
    expect(text.match(/iri-lb node add .*/g)).toEqual(
      [2, 3, 4].map((n) => `iri-lb node add --service web --address 10.0.0.${n} --port 80 --tcp`),
    );
    expect(text).toContain('Consul lists 10.0.0.1:80 (web1), too: served twice');
    expect(text).toContain('would be its slots, and the first iri-lb apply would take web2, web3, web4 out');
  });

  it('have the lines of a range and of two sockets put in, beside the socket that is there', () => {
    expect(propose(haproxy, oneOfFour).lacks).toEqual([
      {
        section: 'global',
        lines: [
          'stats socket /run/haproxy/iri-lb.sock mode 660 level admin maxconn 1 backlog 64',
          'stats socket /run/haproxy/iri-lb-read.sock mode 660 level user',
          'stats timeout 35s',
        ],
      },
      {
        section: 'backend web',
        lines: ['server-template web- 1-50 slot.invalid:1 check init-addr last,0.0.0.0 disabled'],
      },
    ]);
  });

  it('give their limit, their TLS and their weights to what is proposed', () => {
    const tls = { tls: true, maxconn: 100, status: 'no check' };
    const servers = [server('a', '10.0.0.1', { ...tls, weight: 3 }), server('b', '10.0.0.2', tls)];
    const { lacks } = propose(own([backend('api.v1', ...servers)]), NOBODY);
    expect(lacks[1]?.lines).toEqual([
      'server-template api.v1-tls- 1-50 slot.invalid:1 ssl verify required ca-file @system-ca maxconn 100 init-addr last,0.0.0.0 disabled',
    ]);
    const { pools } = configOf(own([backend('api.v1', ...servers)]), NOBODY);
    expect(pools[0]).toMatchObject({ maxconn: 100, ranges: [{ transport: 'verified' }] });
    expect(textOf(own([backend('api.v1', ...servers)]), NOBODY)).toContain(
      'node add --service api.v1 --address 10.0.0.1 --port 80 --tcp --weight 3 --maxconn 100 --scheme https',
    );
  });

  it('leave a prefix that is theirs to them', () => {
    const servers = [server('web-1', '10.0.0.1'), server('web-x', '10.0.0.2')];
    const [range] = configOf(own([backend('web', ...servers)]), NOBODY).pools[0]?.ranges ?? [];
    expect(range?.prefix).toBe('web-x-');
  });

  it('are registered by the host name that they are declared with', () => {
    const named = server('a', '10.0.0.1', { hostName: 'a.example' });
    expect(textOf(own([backend('web', named)]), NOBODY)).toContain('--address a.example --port 80');
    const listed = catalog({ shop: [instance('s', 'A.example')] });
    expect(configOf(own([backend('web', named)]), listed).pools[0]?.service).toBe('shop');
  });
});

describe('a server-template', () => {
  const filled = [slot('s1', '10.0.0.1'), slot('s2', '10.0.0.2'), slot('s3', null)];
  const haproxy = own([backend('web', ...filled)]);

  it('is the range, as it is', () => {
    const { lacks } = propose(haproxy, oneOfFour);
    expect(lacks.map(({ section }) => section)).toEqual(['global']);
    expect(configOf(haproxy, oneOfFour).pools[0]?.ranges).toEqual([
      { prefix: 's', transport: 'plain', slots: 3 },
    ]);
  });

  it('has named who is in it and not in Consul, and what the first apply does to them', () => {
    const text = textOf(haproxy, oneOfFour);
    expect(text).toContain('1 slot of s is ready where nobody in Consul is: 10.0.0.2:80 (s2)');
    expect(text).toContain('the first iri-lb apply takes it out; who is to stay is registered before:');
    expect(text).toContain('iri-lb node add --service web --address 10.0.0.2 --port 80 --tcp');
  });

  it('has named who is in it and critical in Consul: the first run takes them out', () => {
    const sick = { ...instance('web-2', '10.0.0.2'), health: 'critical' as const };
    expect(textOf(haproxy, catalog({ web: [instance('web-1', '10.0.0.1'), sick] }))).toContain(
      'Consul says critical or maintenance of 10.0.0.2:80 (s2), which HAProxy serves: the first iri-lb apply takes it out',
    );
  });

  it('is not what has names that may resolve, one of which does not now', () => {
    const named = ['a', 'b', 'c'].map((name, at) =>
      server(`web${at + 1}`, at === 0 ? null : `10.0.0.${at}`, { hostName: `${name}.example` }),
    );
    expect(configOf(own([backend('web', ...named)]), NOBODY).pools[0]?.ranges[0]?.prefix).toBe('web-');
  });

  it('is kept, and the run fails, while Consul lists nobody of the service', () => {
    expect(textOf(haproxy, NOBODY)).toContain('keeps them and fails while Consul lists nobody of web');
  });

  it('is a range of its transport, beside one of the other', () => {
    const tls = [slot('t1', null, { tls: true }), slot('t2', null, { tls: true })];
    expect(configOf(own([backend('web', ...filled, ...tls)]), oneOfFour).pools[0]?.ranges).toEqual([
      { prefix: 's', transport: 'plain', slots: 3 },
      { prefix: 't', transport: 'verified', slots: 2 },
    ]);
  });

  it('of the IRI layout keeps its rule', () => {
    const iri = own([
      backend('iri_back', slot('irisrv1', '10.0.0.1')),
      backend('iri_pow_back', slot('irisrv1', '10.0.0.1', { maxconn: 1 })),
    ]);
    const { pools } = configOf(iri, catalog({ iri: [instance('a', '10.0.0.1')] }));
    expect(pools.map(({ select, maxconn }) => ({ select, maxconn }))).toEqual([
      { select: { pow: [null, 'false', 'true'] }, maxconn: 0 },
      { select: { pow: ['true', 'only'] }, maxconn: 1 },
    ]);
  });
});

describe('the service', () => {
  const web = (...servers: readonly OwnServer[]) => own([backend('be_web', ...servers)]);

  it.each([
    ['that most servers are instances of', { api: [instance('x', '10.0.0.1')], web: byHandAs(2) }, 'web'],
    [
      'whoever is there, not the one of the name',
      { be_web: [instance('x', '10.9.9.9')], api: byHandAs(1) },
      'api',
    ],
    ['of its name, where nobody is there', { be_web: [instance('x', '10.9.9.9')] }, 'be_web'],
    ['of its name without what people put before it', { web: [instance('x', '10.9.9.9')] }, 'web'],
    ['guessed of its name', {}, 'web'],
  ])('is the one %s', (_what, services, expected) => {
    expect(configOf(web(...byHand), catalog(services)).pools[0]?.service).toBe(expected);
  });

  it('is said to be a guess, and Consul not to be read', () => {
    expect(textOf(web(...byHand), { failure: 'consul: no answer' })).toMatch(
      /^Consul cannot be read \(consul: no answer\), so services are guessed/,
    );
    expect(textOf(web(...byHand), catalog({ wob: [] }))).toContain(
      'service web, a guess: Consul lists nobody of it; it lists wob',
    );
  });

  it('of two backends needs a rule that tells who is for which', () => {
    const two = own([backend('blue', server('a', '10.0.0.1')), backend('green', server('b', '10.0.0.2'))]);
    expect(textOf(two, catalog({ web: byHandAs(2) }))).toContain(
      'backends blue, green serve all of service web, each',
    );
  });
});

function byHandAs(count: number): ServiceInstance[] {
  return byHand.slice(0, count).map(({ slot: id, address }) => instance(id, address ?? ''));
}

describe('sockets', () => {
  it('that are as runs need them are used', () => {
    const sockets = [
      { address: 'unix@/run/haproxy/runs.sock', level: 'admin' },
      { address: 'unix@/run/haproxy/read.sock', level: 'user' },
    ];
    const address = { kind: 'unix', path: '/run/haproxy/runs.sock' } as const;
    const { lacks, environment } = propose(
      own([backend('web', slot('s1', null))], { address, exclusive: true, sockets }),
      NOBODY,
    );
    expect(lacks).toEqual([]);
    expect(environment).toEqual({
      HAPROXY_ADDRESSES: 'unix:/run/haproxy/runs.sock',
      HAPROXY_READ_ADDRESSES: 'unix:/run/haproxy/read.sock',
    });
  });

  it('that are there by the names that would be proposed are not proposed again', () => {
    const sockets = [{ address: 'unix@/run/haproxy/iri-lb.sock', level: 'admin' }];
    const { lacks, environment } = propose(own([backend('web', slot('s1', null))], { sockets }), NOBODY);
    expect(lacks).toEqual([
      { section: 'global', lines: ['stats socket /run/haproxy/iri-lb-read.sock mode 660 level user'] },
    ]);
    expect(environment.HAPROXY_ADDRESSES).toBe('unix:/run/haproxy/iri-lb.sock');
  });

  it('of another host are reached as it was reached: its paths are not here', () => {
    const address = { kind: 'tls', host: '10.0.1.5', port: 9998 } as const;
    const { environment } = propose(own([backend('web', slot('s1', null))], { address }), NOBODY);
    expect(environment).toEqual({ HAPROXY_ADDRESSES: 'tls://10.0.1.5:9998' });
  });

  it('on TCP are no place for an instance, and loopback is one where servers are there', () => {
    const sockets = [
      { address: 'ipv4@127.0.0.1:9999', level: 'admin' },
      { address: 'ipv4@0.0.0.0:9998', level: 'user' },
      { address: 'ipv6@[::1]:9997', level: 'admin' },
    ];
    const { listeners, networks } = configOf(
      own([backend('web', server('a', '127.0.0.1', { port: 8080 }))], { sockets }),
      NOBODY,
    );
    expect(listeners).toEqual(['127.0.0.1:9999', '*:9998', '[::1]:9997']);
    expect(networks).toContain('127.0.0.0/8');
  });
});

it('shows hostile names of Consul in a way that no terminal and no shell takes for anything else', () => {
  const evil = "w'eb\u202e; rm -rf /";
  const text = textOf(own([backend('web', ...byHand)]), catalog({ [evil]: byHandAs(1) }));
  expect(text).not.toContain('\u202e');
  expect(text).toContain(`--service 'w'\\''eb\\u202e; rm -rf /' --address`);
  const unusable = catalog({ 'web\u001b[2J': byHandAs(1) });
  expect(configOf(own([backend('web', ...byHand)]), unusable).pools[0]?.service).toBe('web');
});
