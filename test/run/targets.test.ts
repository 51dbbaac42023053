// Whom a name means: by id, node/id, address:port and slot, on every load balancer; several, and near misses.
import { describe, expect, it } from 'vitest';
import { findTargets, type Targets, targetsIn } from '../../lib/run/targets.js';
import { haproxyFor, memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';
import { type ExplainWith, lookIn, targetsFor } from './why-rig.js';

const config = parseConfig({ pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's' }] }] });
const ROWS = [
  row({ id: 'web1' }),
  row({ id: 'web2', address: '10.0.0.2' }),
  row({ node: 'n2', id: 'web2', address: '10.0.0.3' }),
  row({ id: 'six', address: 'fd00::1' }),
];

async function served(): Promise<SimulatedHAProxy> {
  const haproxy = haproxyFor(config, 6);
  await runOnce({ config, haproxy, catalog: memoryCatalog(ROWS) });
  haproxy.settle();
  return haproxy;
}

async function find(x: string, given: Partial<ExplainWith> = {}): Promise<Targets> {
  const hosts = given.hosts ?? { lb1: await served(), lb2: await served() };
  return targetsFor(x, { config, catalog: memoryCatalog(ROWS), ...given, hosts });
}

const labels = ({ found }: Targets): (string | null)[] => found.map(({ label }) => label);
const placeOf = (haproxy: SimulatedHAProxy, address: string): string =>
  [...(haproxy.backends.get('web') ?? [])].find(([, server]) => server.address === address)?.[0] ?? '';

describe('an instance', () => {
  it.each(['web1', 'n1/web1', '10.0.0.1:14265', '10.0.0.1'])(
    'is found by %s, with its slots on every load balancer',
    async (x) => {
      const targets = await find(x);
      expect(labels(targets)).toEqual(['n1/web1']);
      expect(targets.found[0]?.slots.map(({ address, backend }) => [address, backend])).toEqual([
        ['tcp://lb1:9', 'web'],
        ['tcp://lb2:9', 'web'],
      ]);
    },
  );

  it.each(['[fd00::1]:14265', '[FD00:0::1]:14265'])('is found by its IPv6 address %s', async (x) => {
    expect(labels(await find(x))).toEqual(['n1/six']);
  });

  it('is found by its slot', async () => {
    const haproxy = await served();
    const slot = placeOf(haproxy, '10.0.0.1');
    expect(labels(await find(`web/${slot}`, { hosts: { lb1: haproxy } }))).toEqual(['n1/web1']);
  });

  it('is found where its address or port is unusable, and no slot can be its own', async () => {
    const catalog = memoryCatalog([row({ id: 'bad', address: 'a b' }), row({ id: 'worse', port: 0 })]);
    for (const id of ['bad', 'worse']) {
      const { found } = await find(id, { catalog });
      expect(found).toMatchObject([{ label: `n1/${id}`, located: undefined, slots: [] }]);
    }
  });
});

describe('several', () => {
  it('are all found', async () => {
    expect(labels(await find('web2'))).toEqual(['n1/web2', 'n2/web2']);
  });

  it('that share an address are all found by it', async () => {
    const catalog = memoryCatalog([row({ id: 'a' }), row({ id: 'b' })]);
    expect(labels(await find('10.0.0.1:14265', { catalog }))).toEqual(['n1/a', 'n1/b']);
  });

  it('in one slot of two load balancers that differ are all found', async () => {
    const [lb1, lb2] = [haproxyFor(config, 2), haproxyFor(config, 2)];
    Object.assign(lb1.server('web', 's1'), { address: '10.0.0.1', port: 14265, state: 'ready' });
    Object.assign(lb2.server('web', 's1'), { address: '10.0.0.2', port: 14265, state: 'ready' });
    expect(labels(await find('web/s1', { hosts: { lb1, lb2 } }))).toEqual(['n1/web1', 'n1/web2']);
  });
});

describe('a slot', () => {
  it('at which nobody in Consul is, is found by its address', async () => {
    const lb1 = haproxyFor(config, 2);
    Object.assign(lb1.server('web', 's2'), { address: '10.9.0.1', port: 80, state: 'ready' });
    const { found } = await find('10.9.0.1:80', { hosts: { lb1 } });
    expect(found).toMatchObject([{ label: null, hostPorts: ['10.9.0.1:80'], instance: undefined }]);
  });

  it('that holds nobody is told as that', async () => {
    const targets = await find('web/s2', {
      hosts: { lb1: haproxyFor(config, 2), lb2: haproxyFor(config, 1) },
    });
    expect(targets).toMatchObject({ found: [], empty: ['tcp://lb1:9'] });
  });
});

describe('everybody', () => {
  it('is found by each name, with the same slots as where all are looked through', async () => {
    const options: ExplainWith = {
      config,
      catalog: memoryCatalog([
        ...ROWS,
        row({ id: 'twin' }),
        row({ id: 'bad', address: 'a b' }),
        row({ id: 'a "q"', port: 9 }),
      ]),
      hosts: { lb1: await served(), lb2: haproxyFor(config, 2) },
    };
    const lb2 = options.hosts.lb2 as SimulatedHAProxy;
    Object.assign(lb2.server('web', 's1'), { address: '10.9.0.1', port: 80, state: 'drain' });
    Object.assign(lb2.server('web', 's2'), { address: '10.0.0.2', port: 14265, state: 'ready' });
    const look = await lookIn(options);
    const all = targetsIn(look, config);
    expect(all).toHaveLength(8);
    for (const target of all) {
      const { label, instance, hostPorts, slots } = target;
      const names = [
        ...(instance && label !== null ? [instance.id, label, `${instance.node}/${instance.id}`] : []),
        ...hostPorts,
        ...slots.map(({ backend, server }) => `${backend}/${server.slot}`),
      ];
      for (const name of names) expect(findTargets(look, config, name).found, name).toContainEqual(target);
    }
  });
});

describe('nobody', () => {
  it.each([
    ['web3', ['web1', 'web2']],
    ['n1/wbe1', ['n1/web1']],
    ['10.0.0.1:14256', ['10.0.0.1:14265']],
  ])('is meant by %s, and those who are near are named', async (x, near) => {
    const targets = await find(x);
    expect(targets.found).toEqual([]);
    for (const name of near) expect(targets.near).toContain(name);
  });

  it('is meant by what is like nobody', async () => {
    expect(await find('something-else')).toEqual({ found: [], near: [], empty: [] });
  });
});
