// The configuration that `npm start` runs: what of it stays, and what is of this machine.
import { expect, it } from 'vitest';
import { onThisMachine, readStartConfig } from '../../infra/local/start-config.js';
import { ConfigError } from '../../lib/model/errors.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';

const ports = { api: 1001, admin: 1002, read: 1003, stats: 1004 };
const files = { frontendPem: '/tmp/frontend.pem', authority: '/tmp/ca.crt' };
const pools = [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web', slots: 5 }] }];
const read = (config: object) => readStartConfig({ LB_CONFIG: JSON.stringify(config) });

it('is the IRI layout where LB_CONFIG says nothing', () => {
  const config = readStartConfig({ LB_CONFIG: '' });
  expect(config.pools.map(({ backend }) => backend)).toEqual(['iri_back', 'iri_pow_back']);
  expect(config.haproxy.servers.balance).toBe('leastconn');
});

it('listens on loopback alone, and names no file or user of a real host', () => {
  const haproxy = {
    iri: false,
    frontend: { bind: '0.0.0.0:443', tls: { certificate: '/etc/ssl/site.pem' } },
    admin: { bind: '/run/haproxy/site.sock' },
    stats: { bind: '0.0.0.0:9292' },
    servers: { caFile: '/etc/ssl/ca.pem', verifyName: 'site.example.org', balance: 'source' },
    gateway: { bind: '10.0.0.1:9998', sources: ['10.0.0.0/8'] },
    peers: { local: 'a', members: [{ name: 'a', address: '10.0.0.1:1024' }] },
    stateFile: '/var/lib/haproxy/site.state',
  };
  const config = onThisMachine(read({ pools, networks: ['10.0.0.0/8'], haproxy }), ports, files);
  const text = renderHAProxy(config);

  const bound = [...text.matchAll(/^ *(?:bind|stats socket) (\S+)/gm)].map(([, at]) => at);
  expect(bound.sort()).toEqual([1001, 1002, 1003, 1004].map((port) => `127.0.0.1:${port}`));
  expect(text).not.toMatch(/\/etc\/|\/run\/|\/var\/|10\.0\.0\.1|site|^ *(?:user|group) /m);
  expect(text).toContain('balance source');
  expect(config.networks).toEqual(['10.0.0.0/8', '127.0.0.0/8', '::1/128']);
  expect(config.pools).toEqual(read({ pools, haproxy }).pools);
});

it('leaves off what is off', () => {
  const haproxy = { iri: false, stats: false, servers: { healthCheck: false } };
  const config = onThisMachine(read({ pools, haproxy }), ports, files);
  expect(config.haproxy).toMatchObject({ iri: false, stats: false, servers: { healthCheck: false } });
  expect(renderHAProxy(config)).not.toContain(':1004');
});

it('tells every typo with its path', () => {
  const wrong = { pools: [{ ...pools[0], servce: 'x' }], haproxy: { frontend: { bnd: '0.0.0.0:1' } } };
  const told = (() => {
    try {
      return read(wrong);
    } catch (error) {
      return error instanceof ConfigError ? error.problems.map(({ path }) => path) : error;
    }
  })();
  expect(told).toEqual(['LB_CONFIG.pools.0.servce', 'LB_CONFIG.haproxy.frontend.bnd']);
});
