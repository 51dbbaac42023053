// Load balancers found in Consul: who is served, who is left out, and what is an error.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import example from '../../infra/consul/examples/load-balancer.json' with { type: 'json' };
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { discoverLoadBalancers } from '../../lib/consul/discovery.js';
import { parseAdminAddress, printAdminAddress } from '../../lib/model/admin-address.js';
import { sentenceOf, textOf } from '../../lib/model/problem.js';
import { client, failure } from './rig.js';

let harness: Harness;
let consul: Consul;
let nth = 0;
let service: string;
beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness);
});
afterAll(() => harness?.close());
beforeEach(() => {
  nth += 1;
  service = `haproxy-${nth}`;
});

async function discover(entries = `consul:${service}`) {
  const configured = entries.split(',').flatMap((entry) => parseAdminAddress(entry) ?? []);
  const found = await discoverLoadBalancers(client([consul.url], { token: consul.token }), configured);
  const errors = found.problems.filter(({ code }) => code === 'load-balancers-unknown').map(sentenceOf);
  return {
    addresses: found.addresses.map(printAdminAddress),
    warnings: found.problems.filter(({ code }) => code !== 'load-balancers-unknown').map(textOf),
    ...(errors.length > 0 ? { error: errors.join() } : {}),
  };
}

describe('load balancers', () => {
  test('are listed once, in order, with what is configured beside them', async () => {
    await consul.catalogRegister([
      { node: 'b', service, port: 9999, address: '10.0.0.7' },
      { node: 'a', service, port: 9999, address: '10.0.0.6' },
      { node: 'a', service, id: 'again', port: 9999, address: '10.0.0.6' },
    ]);
    expect(await discover(`tcp://10.0.0.6:9999,consul:${service},unix:/run/haproxy.sock`)).toEqual({
      addresses: ['tcp://10.0.0.6:9999', 'tcp://10.0.0.7:9999', 'unix:/run/haproxy.sock'],
      warnings: [],
    });
  });

  test('say by tag or Meta how they are spoken to', async () => {
    await consul.catalogRegister([
      { node: 'a', service, port: 1, address: '10.0.0.1', tags: ['tls', 'blue'] },
      { node: 'b', service, port: 1, address: '10.0.0.2', meta: { scheme: 'tls' } },
      { node: 'c', service, port: 1, address: '10.0.0.3', tags: ['tcp'], meta: { scheme: 'tls' } },
      { node: 'd', service, port: 1, address: 'fd00::1' },
    ]);
    expect((await discover()).addresses).toEqual([
      'tcp://10.0.0.3:1',
      'tcp://[fd00::1]:1',
      'tls://10.0.0.1:1',
      'tls://10.0.0.2:1',
    ]);
  });

  test('whose check fails are served, those in maintenance are not', async () => {
    await consul.catalogRegister([
      { node: 'a', service, port: 1, address: '10.0.0.1', status: 'critical' },
      { node: 'b', service, port: 1, address: '10.0.0.2', status: 'warning' },
    ]);
    await consul.register({ Name: service, ID: `${service}-off`, Address: '10.0.0.3', Port: 1 });
    await consul.maintenance(`${service}-off`, true);
    expect(await discover()).toEqual({
      addresses: ['tcp://10.0.0.1:1', 'tcp://10.0.0.2:1'],
      warnings: [`load balancer local/${service}-off: in maintenance; left out`],
    });
  });

  test('with values that are none are left out, and named', async () => {
    await consul.catalogRegister([
      { node: 'a', service, port: 1, address: '10.0.0.1' },
      { node: 'b', service, port: 1, address: '10.0.0.2;shutdown\nx' },
      { node: 'c', service, port: 0, address: '10.0.0.3' },
      { node: 'd', service, port: 1, address: '10.0.0.4', meta: { scheme: 'ssh' } },
      { node: 'e', service, port: 1, address: '10.0.0.5', tags: ['tls', 'tcp'] },
    ]);
    expect(await discover()).toEqual({
      addresses: ['tcp://10.0.0.1:1'],
      warnings: [
        `load balancer b/${service}: "10.0.0.2;shutdown\\nx" is no address; left out`,
        `load balancer c/${service}: "0" is no port; left out`,
        `load balancer d/${service}: scheme "ssh"; use tcp or tls; left out`,
        `load balancer e/${service}: scheme "tls" and "tcp"; use tcp or tls; left out`,
      ],
      error: expect.stringContaining(
        `not every load balancer is known: load balancer b/${service}: "10.0.0.2;shutdown\\nx" is no address`,
      ),
    });
  });
});

describe('an error, not a shorter list', () => {
  test('when none is registered', async () => {
    expect(await failure(discover())).toBe(
      `ConsulError: consul: service ${service}: no load balancer is registered; register one, or let the token read it (service:read, node:read)`,
    );
  });
  test('when none can be used', async () => {
    await consul.catalogRegister([{ node: 'a', service, port: 0 }]);
    expect(await failure(discover())).toContain('no load balancer is registered; load balancer a/');
  });
});

test('the registration example is one that Consul and we understand', async () => {
  const { name: Name, id: ID, address: Address, port: Port, tags: Tags, check } = example.service;
  const { tcp, interval, timeout, name } = check;
  const Check = { Name: name, TCP: tcp, Interval: interval, Timeout: timeout };
  await consul.register({ Name, ID, Address, Port, Tags, Check });
  expect((await discover(`consul:${Name}`)).addresses).toEqual(['tls://10.0.1.5:9998']);
});
