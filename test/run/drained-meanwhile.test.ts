// What an operator drains between a run's commands gets no further one.
import { expect, it } from 'vitest';
import { memoryCatalog, parseConfig, runOnce, writesOf } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig({ pools: [{ backend: 'b', service: 'iri', ranges: [{ prefix: 's' }] }] });

it('a slot that is drained while its address is waited for is not made ready, and its change is skipped', async () => {
  const haproxy = new SimulatedHAProxy({
    asynchronous: true,
    step: () => haproxy.lines.at(-1)?.startsWith('show ') ?? false,
    watch: (line, server) => {
      if (line === '(address applied)' && server) server.state = 'drain';
    },
  });
  haproxy.addRange('b', 's', 2);
  const { only } = await runOnce({ config, haproxy, catalog: memoryCatalog([row()]) });
  expect(only.changes).toMatchObject([{ result: 'skipped', error: expect.stringContaining('DRAIN') }]);
  expect(writesOf(haproxy).filter((line) => line.includes(' state '))).toEqual([]);
  expect(only.error).toBeUndefined();
});
