// What a watch was told is good for who comes; before anybody is stopped Consul is read anew.
import { expect, it } from 'vitest';
import { makeSource } from '../../lib/consul/source.js';
import { withToldRows } from '../../lib/consul/told-rows.js';
import { reconcile } from '../../lib/run/reconcile.js';
import { instantClock, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig({ pools: [{ backend: 'b', service: 'iri', ranges: [{ prefix: 's' }] }] });
const one = row({ node: 'n1', address: '10.0.0.1' });
const two = row({ node: 'n2', address: '10.0.0.2' });
const three = row({ node: 'n3', address: '10.0.0.3' });

/** One run of who was told these rows, on a HAProxy that has one and two: what it changed, who is ready, its reads. */
async function runOn(told: readonly unknown[], inConsul: readonly unknown[]) {
  const haproxy = new SimulatedHAProxy({ asynchronous: false });
  haproxy.addRange('b', 's', 6);
  await runOnce({ config, haproxy, catalog: memoryCatalog([one, two]) });
  const catalog = memoryCatalog(inConsul);
  const clock = { ...instantClock(), sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 5)) };
  const answer = { rows: told, index: catalog.index, lastContactMs: 0, filtered: false };
  const heard = { service: 'iri', rows: Promise.resolve(() => answer), atMs: clock.monotonicMs() };
  const report = await reconcile(
    {
      config,
      source: makeSource({ client: withToldRows(catalog, heard, clock), clock }),
      connect: async () => haproxy.connect(),
      resolve: async () => [],
      clock,
    },
    [{ kind: 'tcp', host: 'simulated', port: 9999 }],
    { mode: 'apply', force: false, told: true },
  );
  const changes = report.loadBalancers.flatMap((lb) => lb.changes.map(({ action }) => action));
  return { changes: changes.sort(), ready: readyIn(haproxy, 'b').length, reads: catalog.reads };
}

it('somebody comes on what was told', async () => {
  expect(await runOn([one, two, three], [one, two, three])).toEqual({ changes: ['add'], ready: 3, reads: 0 });
});

it('nobody is stopped whom the token of the watch may not read', async () => {
  expect(await runOn([one], [one, two])).toEqual({ changes: [], ready: 2, reads: 1 });
});

it('who is critical is stopped on what is read anew', async () => {
  const critical = row({ node: 'n2', address: '10.0.0.2', status: 'critical' });
  const made = await runOn([one, critical], [one, critical]);
  expect(made).toEqual({ changes: ['disable'], ready: 1, reads: 1 });
});

it('who comes while another one leaves comes on what is read anew, too', async () => {
  const { changes, ready, reads } = await runOn([one, three], [one, three]);
  expect({ changes, ready }).toEqual({ changes: ['add', 'remove'], ready: 2 });
  expect(reads).toBeGreaterThan(0);
});
