// Load balancers of a fleet have their instances in the same slots, also after one of them comes up empty.
import { describe, expect, it } from 'vitest';
import type { Observed } from '../../lib/model/server.js';
import { makeFleetPlaces } from '../../lib/run/fleet-places.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { observedWith, server } from '../plan/rig.js';
import { runFleet } from '../simulation/fleet.js';
import { haproxyFor, instantClock, memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig();
const rowsAt = (...hosts: readonly number[]) =>
  hosts.map((host) => row({ id: `i${host}`, address: `10.0.0.${host}` }));
const layoutOf = (haproxy: SimulatedHAProxy): string[] =>
  [...(haproxy.backends.get('iri_back') ?? [])]
    .filter(([, { state }]) => state === 'ready')
    .map(([slot, { address }]) => `${slot} ${address}`);

describe('a load balancer that comes up empty', () => {
  it('takes the places of one that is full, wherever hashes would put its instances', async () => {
    const full = haproxyFor(config, 4);
    // Those who come later are where there was room, not where their hash prefers.
    for (const hosts of [
      [1, 2, 3, 4],
      [2, 3, 4, 5],
      [3, 4, 5, 6],
    ])
      await runOnce({ haproxy: full, catalog: memoryCatalog(rowsAt(...hosts)) });
    const alone = haproxyFor(config, 4);
    await runOnce({ haproxy: alone, catalog: memoryCatalog(rowsAt(3, 4, 5, 6)) });
    expect(layoutOf(alone)).not.toEqual(layoutOf(full));

    const restarted = haproxyFor(config, 4);
    const report = await runFleet({
      config,
      catalog: memoryCatalog(rowsAt(3, 4, 5, 6)),
      hosts: { a: () => full.connect(), b: () => restarted.connect() },
    });
    expect(report.loadBalancers.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(layoutOf(restarted)).toEqual(layoutOf(full));
  });

  it('is served where hashes put its instances while the other cannot be read', async () => {
    const [one, alone] = [haproxyFor(config, 4), haproxyFor(config, 4)];
    const catalog = memoryCatalog(rowsAt(1, 2, 3));
    await runOnce({ haproxy: alone, catalog });
    const hosts = {
      a: () => Promise.reject(new Error('it is away')),
      b: () => one.connect(),
    };
    await runFleet({ config, catalog, hosts });
    expect(layoutOf(one)).toEqual(layoutOf(alone));
  });
});

describe('what a plan may know of the others', () => {
  const holding = (...slots: readonly string[]): Observed => observedWith(slots.map((slot) => server(slot)));
  const at = '10.0.0.1:80';

  it('is where they have an address, and never where it has it itself', () => {
    const places = makeFleetPlaces(instantClock());
    places.note('a', holding('s1'));
    expect(places.besides('a')('web', at)).toBeUndefined();
    expect(places.besides('b')('web', at)).toBe('s1');
    expect(places.besides('b')('other', at)).toBeUndefined();
  });

  it('is the word of the fullest, by name among equals, and the newest of each', () => {
    const places = makeFleetPlaces(instantClock());
    places.note('c', holding('s3'));
    places.note('a', holding('s1'));
    expect(places.besides('b')('web', at)).toBe('s1');
    places.note('c', observedWith([server('s4'), server('s5', { address: '10.0.0.5' })]));
    expect(places.besides('b')('web', at)).toBe('s4');
  });

  it('is heard by one that has nobody ready, before it plans; one that serves waits for nobody', async () => {
    const places = makeFleetPlaces(systemClock);
    let tell: (observed: Observed) => void = () => {};
    const slow = places.listing('slow', new Promise((resolve) => (tell = resolve)));
    await places.listing('serving', Promise.resolve(holding('s9')));
    await places.heard('serving');
    await places.listing('empty', Promise.resolve(observedWith([])));
    const heard = places.heard('empty');
    tell(holding('s1', 's2'));
    await Promise.all([slow, heard]);
    expect(places.besides('empty')('web', at)).toBe('s2');
  });

  it('is not waited for longer than a moment', async () => {
    const places = makeFleetPlaces(instantClock());
    void places.listing('hung', new Promise(() => {}));
    await places.listing('empty', Promise.resolve(observedWith([])));
    await places.heard('empty');
    expect(places.besides('empty')('web', at)).toBeUndefined();
  });
});
