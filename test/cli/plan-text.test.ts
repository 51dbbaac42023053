// What `iri-lb plan` says of simulated load balancers: counts, what is held back, what is in the way, and the verdict.
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { planLines } from '../../lib/cli/plan-text.js';
import { makeSource } from '../../lib/consul/source.js';
import { HAProxyError } from '../../lib/haproxy/errors.js';
import { type FleetLook, lookAt } from '../../lib/run/look.js';
import {
  haproxyFor,
  instantClock,
  type MemoryCatalog,
  memoryCatalog,
  parseConfig,
} from '../simulation/rig.js';
import { type RowOptions, row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig({
  pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's', transport: 'plain', slots: 4 }] }],
});

/** With `s1`, `s2`, … ready at 10.0.0.1, 10.0.0.2, …. */
function serving(count: number): SimulatedHAProxy {
  const haproxy = haproxyFor(config, 4);
  for (let number = 1; number <= count; number += 1)
    Object.assign(haproxy.server('web', `s${number}`), {
      address: `10.0.0.${number}`,
      port: 80,
      state: 'ready',
    });
  return haproxy;
}

const at = (number: number, more: RowOptions = {}): unknown =>
  row({ node: `n${number}`, id: `web-${number}`, address: `10.0.0.${number}`, port: 80, ...more });

type Host = SimulatedHAProxy | 'busy' | 'down';

interface Given {
  readonly hosts: readonly Host[];
  readonly catalog: MemoryCatalog | 'down';
  readonly force?: boolean;
  readonly columns?: number;
}

/** The lines, of load balancers `tcp://a:1`, `tcp://b:1`, …. */
async function planned({ hosts, catalog, force = false, columns }: Given): Promise<string[]> {
  const clock = instantClock();
  const source = makeSource({ client: catalog === 'down' ? memoryCatalog() : catalog, clock });
  const look: FleetLook = await lookAt(
    {
      ...{ config, clock, readOnly: false, details: 'asked' as const, resolve: async () => [] },
      source: catalog === 'down' ? { read: () => Promise.reject(new Error('consul: no leader')) } : source,
      connect: async (address) => {
        const name = address.kind === 'unix' ? '' : `tcp://${address.host}:1`;
        const host = hosts[(address.kind === 'unix' ? 'a' : address.host).charCodeAt(0) - 97];
        if (host instanceof SimulatedHAProxy) return { ...host.connect(), name };
        throw new HAProxyError(name, host === 'busy' ? 'no-prompt' : 'connect', 'no');
      },
    },
    hosts.map((_host, index) => ({ kind: 'tcp', host: String.fromCharCode(97 + index), port: 1 })),
    { force },
  );
  return planLines(look, { paint: pc.createColors(false), columns });
}

/** What stands from the last blank line on, in one line. */
const verdictOf = (lines: readonly string[]): string => lines.slice(lines.lastIndexOf('') + 1).join(' ');

describe('the lines of plan', () => {
  it('tell what is the same once, with before and after, and who serves then', async () => {
    const changed = [at(1, { tags: ['haproxy.weight=5'] }), at(2), at(4)];
    const lines = await planned({ hosts: [serving(3), serving(3)], catalog: memoryCatalog(changed) });
    expect(lines).toEqual([
      'Consul lists 3 instances at index 42.',
      'web',
      '  ~ s1  n1/web-1  10.0.0.1:80, weight 1 → 5  (weight 1, not 5) on both',
      '  - s3  -  10.0.0.3:80 → free  (nobody in Consul is at 10.0.0.3:80) on both',
      '  + s4  n4/web-4  free → 10.0.0.4:80, weight 1  (passing in Consul) on both',
      '  serving 3, 1 of 4 slots free on both',
      '',
      'Plan: 1 to add, 1 to change, 1 to remove; 1 unchanged. Safe to apply.',
    ]);
  });

  it('tell what differs between load balancers by name', async () => {
    const lines = await planned({ hosts: [serving(2), serving(1)], catalog: memoryCatalog([at(1), at(2)]) });
    expect(lines).toEqual([
      'Consul lists 2 instances at index 42.',
      'web',
      '  + s2  n2/web-2  free → 10.0.0.2:80, weight 1  (passing in Consul) on tcp://b:1',
      '  serving 2, 2 of 4 slots free on tcp://a:1',
      '  serving 1 → 2, 3 of 4 slots free on tcp://b:1',
      '',
      'Plan: 1 to add, 0 to change, 0 to remove; 2 unchanged. Safe to apply.',
    ]);
  });

  const two = memoryCatalog([at(1), at(2)]);
  it.each<[string, Given, RegExp]>([
    [
      'nothing differs',
      { hosts: [serving(2)], catalog: two },
      /^Plan: 0 to add, 0 to change, 0 to remove; 2 unchanged\. Nothing to apply\.$/,
    ],
    [
      'half goes',
      { hosts: [serving(2)], catalog: memoryCatalog([at(1), at(2, { status: 'critical' })]) },
      /1 unchanged\. It takes away 1 of the 2 who serve web: apply asks a person first\.$/,
    ],
    [
      'all go',
      { hosts: [serving(1)], catalog: memoryCatalog([at(1, { status: 'critical' })]) },
      /Not safe to apply: nobody would serve web\. It takes away the only one who serves web: apply/,
    ],
    [
      'a weight of 0 takes them away',
      { hosts: [serving(1)], catalog: memoryCatalog([at(1, { tags: ['haproxy.weight=0'] })]) },
      /^Plan: 0 to add, 1 to change, .* It takes away the only one who serves web/,
    ],
    [
      'Consul lists nobody of the service',
      { hosts: [serving(2)], catalog: memoryCatalog([]) },
      /2 unchanged\. Not safe to apply: the guard holds back what is above\.$/,
    ],
    [
      'it goes past the guard',
      { hosts: [serving(2)], catalog: memoryCatalog([]), force: true },
      /2 to remove; 0 unchanged\. Not safe to apply: nobody would serve web\. It takes away all 2 who serve web/,
    ],
    [
      'one is down',
      { hosts: [serving(1), 'down'], catalog: two },
      /^Plan: 1 to add, .*; 1 unchanged\. Not safe to apply: tcp:\/\/b:1 is down\.$/,
    ],
    [
      'one is busy',
      { hosts: ['busy', serving(1)], catalog: two },
      /Not safe to apply: tcp:\/\/a:1 is busy: another client holds its admin socket\.$/,
    ],
    [
      'Consul cannot be read',
      { hosts: [serving(1), serving(1)], catalog: 'down' },
      /^Plan: none could be made\. Not safe to apply: Consul could not be read\.$/,
    ],
    [
      'a socket may not write',
      {
        hosts: [new SimulatedHAProxy({ asynchronous: false, level: 'operator' }).addRange('web', 's', 4)],
        catalog: two,
      },
      /Not safe to apply: tcp:\/\/a:1 cannot be written: its socket is below level admin\.$/,
    ],
    [
      'somebody has no slot',
      { hosts: [serving(0)], catalog: memoryCatalog([1, 2, 3, 4, 5].map((number) => at(number))) },
      /^Plan: 4 to add, .* Not safe to apply: not everybody has a slot\.$/,
    ],
  ])('say whether it is safe where %s', async (_what, given, verdict) => {
    expect(verdictOf(await planned(given))).toMatch(verdict);
  });

  it('say what the guard holds back, once, and what to do', async () => {
    const lines = await planned({ hosts: [serving(2), serving(2)], catalog: memoryCatalog([]) });
    const from = lines.indexOf('The guard holds back:');
    expect(lines.slice(from, from + 3)).toEqual([
      'The guard holds back:',
      expect.stringMatching(
        /^ {2}on both: web: 2 ready servers kept, Consul lists no instance of service iri any more; .*--force/,
      ),
      '',
    ]);
  });

  it('name those who have no slot, and bound the list', async () => {
    const crowd = Array.from({ length: 20 }, (_, number) => at(number + 1));
    const lines = await planned({ hosts: [serving(0)], catalog: memoryCatalog(crowd) });
    const named = lines.filter((line) => line.includes('is left out of web: all 4 slots of s are taken'));
    expect([named.length, lines.includes('  and 6 more that are left out')]).toEqual([10, true]);
  });

  it.each([24, 40, 80, 200])('fit %i columns', async (columns) => {
    const catalog = memoryCatalog([at(1, { status: 'critical' }), at(4)]);
    for (const given of [{ hosts: [serving(3), serving(2), 'down'] as const, catalog }]) {
      const lines = await planned({ ...given, columns });
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
    }
  });
});
