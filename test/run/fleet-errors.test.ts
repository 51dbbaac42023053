// What goes wrong on several load balancers in one run: each error says whose it is, and none is lost.
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../../lib/model/report.js';
import { runFleet } from '../simulation/fleet.js';
import { haproxyFor, memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig({ pools: [{ backend: 'b', service: 'iri', ranges: [{ prefix: 's' }] }] });

/** A HAProxy that refuses addresses, with two slots; the first holds an instance that Consul does not list. */
function refusing(): SimulatedHAProxy {
  const haproxy = new SimulatedHAProxy({ asynchronous: false, refuse: (line) => / addr /.test(line) });
  haproxy.addRange('b', 's', 2);
  Object.assign(haproxy.server('b', 's1'), { address: '10.0.0.9', port: 14265, state: 'ready' });
  return haproxy;
}

const weighty = row({ id: 'heavy', address: '10.0.0.1', weights: { Passing: 7, Warning: 1 } });
const late = row({ id: 'late', address: '10.0.0.2' });

describe('an error of a run', () => {
  it('names its load balancer, also where two have the same', async () => {
    const [one, two] = [haproxyFor(config, 1), haproxyFor(config, 1)];
    const catalog = memoryCatalog([row(), late]);
    const report = await runFleet({
      config,
      catalog,
      hosts: { one: () => one.connect(), two: () => two.connect() },
    });
    const left = '1 left out for want of a slot: n1/late (b: all 1 slots of s are taken)';
    expect(failuresOf(report)).toEqual([
      `haproxy tcp://one:9999: ${left}`,
      `haproxy tcp://two:9999: ${left}`,
    ]);
  });

  it('that is of Consul is one line for all of them', async () => {
    const [one, two] = [haproxyFor(config, 1), haproxyFor(config, 1)];
    const readService = async (): Promise<never> => {
      throw new Error('consul: cut off');
    };
    const catalog = { ...memoryCatalog(), readService };
    const hosts = { one: () => one.connect(), two: () => two.connect() };
    expect(failuresOf(await runFleet({ config, catalog, hosts }))).toEqual(['consul: cut off']);
  });

  it('that breaks it off is told with what was held back and who was left out until then', async () => {
    const haproxy = refusing();
    const catalog = memoryCatalog([weighty, late]);
    catalog.flags = { filtered: true };
    const { only } = await runOnce({ config, haproxy, catalog });
    expect(only.outcome).toBe('failed');
    const parts = [
      /^haproxy tcp:\/\/simulated:9999: still differs after 3 rounds: b\/s2 .*Refused by the simulation/,
      /; b: 1 ready servers kept, Consul left out what the token may not read/,
      /; 1 left out for want of a slot: n1\/\w+ \(b: all 2 slots of s are taken\)$/,
    ];
    for (const part of parts) expect(only.error).toMatch(part);
    expect(only.error?.match(/haproxy tcp:/g)).toHaveLength(1);
  });
});
