// HAProxy is listed once more before anything is stopped, and not before somebody only comes: DRAIN is looked for then.
import { expect, it } from 'vitest';
import { memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig({ pools: [{ backend: 'b', service: 'iri', ranges: [{ prefix: 's' }] }] });

/** Listings of the backend's states before the first command that writes. */
async function listingsBefore(first: readonly unknown[], next: readonly unknown[]): Promise<number> {
  const haproxy = new SimulatedHAProxy({ asynchronous: false });
  haproxy.addRange('b', 's', 4);
  await runOnce({ config, haproxy, catalog: memoryCatalog(first) });
  const from = haproxy.lines.length;
  await runOnce({ config, haproxy, catalog: memoryCatalog(next) });
  const lines = haproxy.lines.slice(from);
  const written = lines.findIndex((line) => line.startsWith('set server '));
  expect(written).toBeGreaterThan(0);
  return lines.slice(0, written).filter((line) => line === 'show servers state b').length;
}

const one = row({ id: 'one', address: '10.0.0.1' });
const two = row({ id: 'two', address: '10.0.0.2' });

it.each([
  ['comes', [one], [one, two], 1],
  ['comes back', [row({ status: 'critical' })], [row()], 1],
  ['has another weight', [row()], [row({ tags: ['haproxy.weight=5'] })], 1],
  ['is critical', [one, two], [one, row({ id: 'two', address: '10.0.0.2', status: 'critical' })], 2],
  ['leaves, and another one comes', [one, two], [one, row({ id: 'three', address: '10.0.0.3' })], 2],
])('before somebody %s', async (_what, first, next, listings) => {
  expect(await listingsBefore(first, next)).toBe(listings);
});
