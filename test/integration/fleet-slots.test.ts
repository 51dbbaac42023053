// The same instance in the same slot: on one HAProxy that lived through 500 changes, and on fresh ones beside it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { readSettings } from '../../lib/config/environment.js';
import type { Status } from '../../lib/model/status.js';
import { makeRunner } from '../../lib/run/runner.js';
import { readFleet } from '../../lib/run/status.js';
import { addressOf, collisions, makeChurn, preferredSlot } from './fleet-catalog.js';
import { iriBackends, type Rig, startRig } from './rig.js';
import { seeded } from './seeded.js';

const CHANGES = 500;
const SLOTS = 64;
/** Of the slots: enough for collisions, and few enough that most instances have none. */
const MOST = 24;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ backends: iriBackends(SLOTS) });
});
afterAll(() => rig.harness.close());

const preferred = (at: string): string => preferredSlot('irisrv', at, SLOTS);

async function startFresh(): Promise<HAProxy> {
  const adminPort = await rig.harness.freePort();
  return startHAProxy(rig.harness, {
    config: minimalConfig({ backends: iriBackends(SLOTS), adminPort }),
    adminPort,
  });
}

/** Where each ready server of `iri_back` is: `address:port` to slot. */
function placesIn({ loadBalancers }: Status, admin: string): Map<string, string> {
  const slots = loadBalancers.find(({ address }) => address === admin)?.slots ?? [];
  return new Map(
    slots
      .filter(({ backend, state }) => backend === 'iri_back' && state === 'ready')
      .map((slot) => [addressOf(slot), slot.slot]),
  );
}

it(`puts an instance into the slot that it prefers through ${CHANGES} changes, unless that is taken`, async () => {
  const churn = makeChurn(rig.consul, seeded('slots'), { most: MOST, addresses: 400 });
  const layout = new Map<string, string>();
  /** Who is, since it was placed, not where it prefers to be. */
  const displaced = new Set<string>();
  let placed = 0;
  for (let count = 0; count < CHANGES; count += 1) {
    await churn.change();
    const { only } = await rig.apply();
    expect(only.error).toBeUndefined();
    const collided = collisions(only.changes, layout, churn.registered, preferred);
    for (const { action, slot, after } of only.changes) {
      layout.set(slot, addressOf(after));
      if (action !== 'add') continue;
      const at = addressOf(after);
      placed += 1;
      expect({ at, inPreferred: slot === preferred(at) }).toEqual({ at, inPreferred: !collided.has(at) });
      if (collided.has(at)) displaced.add(at);
      else displaced.delete(at);
    }
  }
  expect(placed).toBeGreaterThan(CHANGES / 5);

  const fresh = [await startFresh(), await startFresh()];
  const admins = [rig.haproxy, ...fresh].map(({ admin }) => admin);
  const runner = makeRunner(readSettings({ ...rig.env, HAPROXY_ADDRESSES: admins.join(',') }));
  const report = await runner.run({ mode: 'apply' });
  expect(report.loadBalancers.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  const status = await readFleet(runner);
  const [old = new Map(), one = new Map(), two = new Map()] = admins.map((admin) => placesIn(status, admin));

  expect([...one.keys()].sort()).toEqual(churn.passing().sort());
  expect([...two]).toEqual([...one]);
  expect([...one]).toEqual([...old]);
  expect(status.differences).toEqual([]);
  console.log(`${placed} placed, ${displaced.size} are where they do not prefer to be`);
}, 180_000);

it('shows who is there but does not serve, and whose weight is another, on one load balancer', async () => {
  const fresh = await startFresh();
  const runner = makeRunner(
    readSettings({ ...rig.env, HAPROXY_ADDRESSES: `${rig.haproxy.admin},${fresh.admin}` }),
  );
  await runner.run({ mode: 'apply' });
  const before = await readFleet(runner);
  const [somebody] = [...placesIn(before, fresh.admin)].filter(
    ([at, slot]) => placesIn(before, rig.haproxy.admin).get(at) === slot,
  );
  if (!somebody) throw new Error('nobody is in the same slot');
  const [at, slot] = somebody;
  const shown = async () =>
    (await readFleet(runner)).differences.filter((line) => !before.differences.includes(line));
  const line = (here: string, there: string): string[] => [
    `iri_back ${at}: ${here} on ${rig.haproxy.admin}, ${there} on ${fresh.admin}`,
  ];
  for (const [state, word] of [
    ['maint', 'maintenance'],
    ['drain', 'drain'],
  ] as const) {
    await fresh.query(`set server iri_back/${slot} state ${state}`);
    expect(await shown()).toEqual(line(slot, `${slot} (${word})`));
  }
  await fresh.query(`set server iri_back/${slot} state ready`);
  await fresh.query(`set server iri_back/${slot} weight 9`);
  expect(await shown()).toEqual(line(`${slot} weight 1`, `${slot} weight 9`));
});
