// Who is registered where no server may be: left out with a warning that says why, also by way of a name.
import type { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseRows } from '../../lib/consul/rows.js';
import { iriLayout } from '../../lib/iri/layout.js';
import type { SocketAddress } from '../../lib/model/admin-address.js';
import { judgeOf } from '../../lib/model/networks.js';
import { locateCatalog, viewOf } from '../../lib/plan/view.js';
import { ownAddresses } from '../../lib/run/admins.js';
import { catalogOf } from '../plan/rig.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const EVERYWHERE = ['0.0.0.0/0', '::/0'];
const everywhere = parseConfig({ ...iriLayout, networks: EVERYWHERE });

async function run(rows: readonly unknown[], more: Partial<Parameters<typeof runOnce>[0]> = {}) {
  const { config = everywhere, ...rest } = more;
  const haproxy = haproxyFor(config, 8);
  const report = await runOnce({ config, haproxy, catalog: memoryCatalog(rows), ...rest });
  return { ready: readyIn(haproxy, 'iri_back'), warnings: report.consul.warnings, report };
}

describe('an address outside of the networks', () => {
  it('leaves its instance out, and nobody else', async () => {
    const { ready, warnings } = await run([
      row({ id: 'a', address: '169.254.169.254', port: 80 }),
      row({ id: 'b', address: '127.0.0.1', port: 80 }),
      row({ id: 'ok', address: '10.0.0.1', port: 80 }),
    ]);
    expect(ready).toEqual(['irisrv 10.0.0.1:80 w1 m0']);
    expect(warnings).toEqual([
      "n1/a: 169.254.169.254:80 is a cloud's metadata service; the instance is left out",
      'n1/b: 127.0.0.1:80 is loopback, of which networks in LB_CONFIG lists nothing; the instance is left out',
    ]);
  });

  it('is told once, however many pools select its instance', async () => {
    const { warnings } = await run([row({ address: '224.0.0.1', tags: ['haproxy.pow=true'] })]);
    expect(warnings).toEqual(['n1/iri-1: 224.0.0.1:14265 is multicast; the instance is left out']);
  });

  it('is found behind a host name, of which the other addresses are used', async () => {
    const names = { 'n.example': ['127.0.0.1', '10.0.0.7'] };
    const { ready, warnings } = await run([row({ address: 'n.example', port: 80 })], { names });
    expect(ready).toEqual(['irisrv 10.0.0.7:80 w1 m0']);
    expect(warnings).toEqual([
      'n1/iri-1: 127.0.0.1:80 of host name n.example is loopback, of which networks in LB_CONFIG lists nothing; its other addresses are used',
    ]);
  });

  it('behind a host name that has no other leaves the instance out: it keeps no slot', async () => {
    const rows = [
      row({ id: 'named', address: 'n.example', port: 80 }),
      row({ id: 'other', address: '10.0.0.9' }),
    ];
    const haproxy = haproxyFor(everywhere, 8);
    const catalog = memoryCatalog(rows);
    await runOnce({ config: everywhere, haproxy, catalog, names: { 'n.example': ['10.0.0.7'] } });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(2);
    await runOnce({ config: everywhere, haproxy, catalog, names: { 'n.example': ['169.254.169.254'] } });
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.9:14265 w1 m0']);
  });

  it('is counted by pool, so that a rule that allows nobody shows', () => {
    const { instances } = parseRows('iri', [
      row({ id: 'a', address: '127.0.0.1' }),
      row({ id: 'b', address: 'n.example' }),
      row({ id: 'c', address: '0.0.0.0' }),
    ]);
    const located = locateCatalog(everywhere, catalogOf(instances, { believed: 'yes' }, 'iri'));
    const view = viewOf(everywhere, located, new Map([['n.example', ['127.0.0.2']]]));
    expect(view.counts.get('iri_back')).toEqual({ listed: 3, selected: 2, refused: 2 });
    expect(view.counts.get('iri_pow_back')).toEqual({ listed: 3, selected: 0, refused: 0 });
  });
});

describe("a load balancer's own socket", () => {
  const rows = [
    row({ id: 'admin', address: '10.0.0.5', port: 9999 }),
    row({ id: 'ok', address: '10.0.0.6', port: 9999 }),
  ];

  it('is nobody to serve, also where the load balancer is known by name', async () => {
    const names = { simulated: ['10.0.0.5'] };
    const { ready, warnings } = await run(rows, { names });
    expect(ready).toEqual(['irisrv 10.0.0.6:9999 w1 m0']);
    expect(warnings).toEqual([
      'n1/admin: 10.0.0.5:9999 is where a load balancer itself listens; the instance is left out',
    ]);
  });

  it('is not looked up where no instance has its port', async () => {
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return ['10.0.0.5'];
    };
    await run([row({ address: '10.0.0.5' })], { resolve });
    expect(asked).toEqual([]);
  });

  it('on every address is looked up where listeners of LB_CONFIG say so', async () => {
    const config = parseConfig({
      ...iriLayout,
      networks: EVERYWHERE,
      listeners: ['0.0.0.0:14265', '10.0.0.9:80'],
    });
    const { ready } = await run(
      [
        row({ id: 'own', address: '10.0.0.5' }),
        row({ id: 'named', address: '10.0.0.9', port: 80 }),
        row({ id: 'ok', address: '10.0.0.6' }),
      ],
      { config, names: { simulated: ['10.0.0.5'] } },
    );
    expect(ready).toEqual(['irisrv 10.0.0.6:14265 w1 m0']);
  });
});

describe('a port at which load balancers listen everywhere (*:80)', () => {
  const eth0 = [{ address: '10.0.0.1' }, { address: 'fe80::1%eth0' }, { address: '2001:db8::1' }];
  const interfaces = { eth0 } as unknown as ReturnType<typeof networkInterfaces>;
  const judgeWith = (...admins: readonly SocketAddress[]) =>
    judgeOf(
      { networks: EVERYWHERE, listeners: ['*:80'] },
      ownAddresses(admins, () => interfaces),
    );

  it('is closed at the addresses of this host, where one of them is reached by a path', () => {
    const judge = judgeWith({ kind: 'unix', path: '/run/haproxy/iri-lb.sock' });
    expect([judge('10.0.0.1', 80), judge('2001:db8::1', 80)]).toEqual(['listener', 'listener']);
    expect([judge('10.0.0.1', 81), judge('10.0.0.2', 80)]).toEqual([undefined, undefined]);
  });

  it('is open at those of a host that has none of them', () => {
    expect(judgeWith({ kind: 'tcp', host: '10.0.0.9', port: 9999 })('10.0.0.1', 80)).toBeUndefined();
  });
});
