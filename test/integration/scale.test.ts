// Two thousand instances in two backends of two thousand slots, through one connection.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSettings } from '../../lib/config/environment.js';
import { makeRunner } from '../../lib/run/runner.js';
import { startTap, type Tap } from '../haproxy/tap.js';
import { applyOnce, type Rig, startRig } from './rig.js';

const COUNT = 2_000;
const ranges = [{ prefix: 'irisrv', slots: COUNT }];
let rig: Rig;
let tap: Tap;

beforeAll(async () => {
  rig = await startRig({
    backends: [
      { name: 'iri_back', ranges },
      { name: 'iri_pow_back', ranges },
    ],
  });
  tap = await startTap(rig.haproxy.admin);
  await rig.consul.catalogRegister(
    Array.from({ length: COUNT }, (_, at) => ({
      node: `n${at % 20}`,
      id: `iri-${at}`,
      service: 'iri',
      address: `10.1.${at >> 8}.${at & 255}`,
      port: 14265,
      tags: ['haproxy.pow=true', 'haproxy.weight=2', 'haproxy.maxconnpow=4'],
    })),
  );
});
afterAll(async () => {
  await tap.close();
  await rig.harness.close();
});

it('fills every slot in one transaction, and writes nothing the second time', async () => {
  const runner = makeRunner(readSettings({ ...rig.env, HAPROXY_ADDRESSES: tap.address }));
  const first = await applyOnce(runner);
  expect(first.only.error).toBeUndefined();
  expect(first.only.changes).toHaveLength(2 * COUNT);
  // The other one looks for a second process at the address, since the pool was empty.
  expect(tap.connections()).toBe(2);
  expect(first.only.pools.map(({ ready, free }) => [ready, free])).toEqual([
    [COUNT, 0],
    [COUNT, 0],
  ]);
  expect(await rig.ready('iri_pow_back')).toHaveLength(COUNT);
  expect(tap.largestUnansweredBytes()).toBeLessThanOrEqual(8192);

  tap.clear();
  const second = await applyOnce(runner);
  expect(second.only).toMatchObject({ outcome: 'unchanged', changes: [] });
  expect(
    tap.lines().filter((line) => /^(?:set (?:server|maxconn)|add|del|enable|disable|shutdown)/.test(line)),
  ).toEqual([]);
});
