// Since when a server is as it is, and what its check said last, as a real HAProxy tells it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import type { SlotStatus } from '../../lib/model/status.js';
import { readFleet } from '../../lib/run/status.js';
import { type Rig, startRig } from './rig.js';

const lines = ['default-server check inter 100ms fall 1 rise 1'];
const ranges = [{ prefix: 'irisrv', slots: 2 }];
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    backends: [
      { name: 'iri_back', lines, ranges },
      { name: 'iri_pow_back', ranges },
    ],
  });
  // Nobody listens there.
  const port = await rig.harness.freePort();
  await rig.consul.catalogRegister([{ node: 'n1', id: 'one', service: 'iri', address: '127.0.0.1', port }]);
  await rig.apply();
});
afterAll(() => rig.harness.close());

function slotOnce(isAwaited: (slot: SlotStatus) => boolean, what: string): Promise<SlotStatus> {
  return waitFor(
    async () => {
      const { loadBalancers } = await readFleet(rig.runner);
      return loadBalancers[0]?.slots.find((slot) => slot.instance === 'n1/one' && isAwaited(slot));
    },
    { what },
  );
}

it('is told of a server that is DOWN, and of one in drain whose check fails it is not known', async () => {
  // A check that had to wait for a busy processor says L4TOUT; the next one is right.
  const down = await slotOnce(
    ({ status, check }) => status === 'DOWN' && check?.status === 'L4CON',
    'its check to be refused',
  );
  expect(down).toMatchObject({ state: 'ready', since: { source: 'haproxy' } });
  expect((await readFleet(rig.runner)).attention.map(({ code }) => code)).toContain('down-though-passing');

  await rig.haproxy.query(`set server iri_back/${down.slot} state drain`);
  const drained = await slotOnce(({ state }) => state === 'drain', 'the drain');
  expect(drained).toMatchObject({ status: 'DOWN', since: null });
});
