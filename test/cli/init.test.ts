// `iri-lb init` on a real HAProxy with hand-written servers and a real Consul: four that serve, one registered.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import type { Serving } from '../../lib/doctor/propose.js';
import { runProgram } from './run-program.js';

let harness: Harness;
let consul: Consul;
let haproxy: HAProxy;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  harness = await startHarness();
  const adminPort = await harness.freePort();
  const config = `global
    stats socket 127.0.0.1:${adminPort} level admin maxconn 1
    stats socket ${harness.dir}/user.sock mode 600 level user
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen stats
    bind 127.0.0.1:${await harness.freePort()}
    stats enable
backend table
    stick-table type ip size 1k
backend web
${[1, 2, 3, 4].map((n) => `    server web${n} 10.0.0.${n}:80`).join('\n')}
backend odd
    server a 10.0.0.9:80
`;
  [consul, haproxy] = await Promise.all([startConsul(harness), startHAProxy(harness, { config, adminPort })]);
  await consul.register({ Name: 'web', ID: 'web-1', Address: '10.0.0.1', Port: 80 });
  env = {
    CONSUL_HTTP_ADDR: consul.url,
    CONSUL_HTTP_TOKEN: consul.token,
    HAPROXY_ADDRESSES: haproxy.admin,
  };
});
afterAll(() => harness.close());

/** With the range that names the four as its slots, as people write it who know no better. */
const naive = {
  pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web', slots: 4 }] }],
  haproxy: { iri: false },
};

describe('iri-lb init', () => {
  it('prints an LB_CONFIG on stdout and what it rests on on stderr, and changes nothing', async () => {
    const before = await haproxy.query('show servers state web');
    const { status, out, err } = await runProgram(['init'], env);
    expect(status).toBe(0);
    expect(
      JSON.parse(out).pools.map(({ backend, service }: Record<string, string>) => [backend, service]),
    ).toEqual([
      ['web', 'web'],
      ['odd', 'odd'],
    ]);
    expect(err).toContain('backend web: service web, which has 1 of the 4 servers that serve');
    expect(err).toMatch(
      new RegExp(`HAPROXY_ADDRESSES=${haproxy.admin} HAPROXY_READ_ADDRESSES=unix:${harness.dir}/user.sock`),
    );
    expect(err).not.toContain('stats socket');
    expect(err).not.toContain(consul.token);
    expect((await haproxy.query('show servers state web')).replaceAll(/ \d+ /g, ' ')).toBe(
      before.replaceAll(/ \d+ /g, ' '),
    );
  });

  it('proposes what loses nobody: a plan on it takes nobody out', async () => {
    const { out } = await runProgram(['init'], env);
    const planned = await runProgram(['plan', '--json'], { ...env, LB_CONFIG: out });
    const { loadBalancers } = JSON.parse(planned.out);
    expect(loadBalancers[0].changes).toEqual([]);
    expect(JSON.stringify(loadBalancers[0].problems)).toContain('server-template web-');
  });

  it('has a plan on the range of the four call what it would take out by name', async () => {
    const { status, out } = await runProgram(['plan', '--json'], {
      ...env,
      LB_CONFIG: JSON.stringify(naive),
    });
    const { changes } = JSON.parse(out).loadBalancers[0];
    const told = (await runProgram(['plan'], { ...env, LB_CONFIG: JSON.stringify(naive) })).out;
    expect(told).toContain('It takes away 3 of the 4 who serve web');
    expect(status).toBe(2);
    expect(changes.map(({ action, slot }: Record<string, string>) => `${action} ${slot}`)).toEqual([
      'remove web2',
      'remove web3',
      'remove web4',
    ]);
  });

  it('reads any socket that it is told, also one of level user', async () => {
    const { status, err } = await runProgram(['init', '--socket', `${harness.dir}/user.sock`], env);
    expect(status).toBe(0);
    expect(err).toContain(
      `stats socket ${harness.dir}/iri-lb.sock mode 660 level admin maxconn 1 backlog 64`,
    );
  });

  it('says of which load balancer it is, where there are several', async () => {
    const { err } = await runProgram(['init'], {
      ...env,
      HAPROXY_ADDRESSES: `${haproxy.admin},tcp://10.0.9.9:9`,
    });
    expect(err).toContain(`Read was ${haproxy.admin} alone; 1 more of HAPROXY_ADDRESSES need the same lines`);
  });

  it('has all of it as JSON', async () => {
    const { out } = await runProgram(['init', '--json'], env);
    const { version, config, pools, lacks } = JSON.parse(out);
    expect([version, Object.keys(config)]).toEqual([1, ['listeners', 'pools', 'haproxy']]);
    expect(pools[0].outside.map(({ place, instance }: Serving) => [place, instance?.label])).toEqual([
      ['10.0.0.1:80', 'local/web-1'],
      ['10.0.0.2:80', undefined],
      ['10.0.0.3:80', undefined],
      ['10.0.0.4:80', undefined],
    ]);
    expect(lacks.map(({ section }: Record<string, string>) => section)).toEqual([
      'backend web',
      'backend odd',
    ]);
  });

  it('goes on by the names of backends where Consul does not answer', async () => {
    const port = await harness.freePort();
    const { status, err } = await runProgram(['init'], {
      ...env,
      CONSUL_HTTP_ADDR: `http://127.0.0.1:${port}`,
    });
    expect(status).toBe(0);
    expect(err).toMatch(/^Consul cannot be read \(.*ECONNREFUSED/);
  });

  it.each([
    [['init', '--socket', 'tcp://nowhere'], 64, '--socket: "tcp://nowhere" is no address'],
    [['init', '--socket', 'consul:haproxy'], 64, 'init reads one HAProxy: name its socket'],
    [['init', '--socket', '/nowhere.sock'], 1, 'unix:/nowhere.sock: cannot connect'],
  ])('%j is one line and %d', async (args, status, message) => {
    const ran = await runProgram(args, env);
    expect([ran.status, ran.out, ran.err.split('\n')]).toEqual([
      status,
      '',
      [expect.stringContaining(message)],
    ]);
  });
});
