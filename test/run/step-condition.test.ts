// Who leaves, leaves only while somebody else serves, where HAProxy refused those who come.
import { describe, expect, it } from 'vitest';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig();
const SLOTS = 20;
const old = row({ id: 'old', address: '10.0.0.1' });
const other = row({ id: 'other', address: '10.0.0.2' });
/** Its slot is none of theirs. */
const next = row({ id: 'new', address: '10.0.0.3' });

/** A HAProxy with these ready, which from then on refuses every address. */
async function refusing(rows: readonly unknown[]) {
  let refuses = false;
  const haproxy = new SimulatedHAProxy({
    asynchronous: false,
    refuse: (line) => refuses && line.includes(' addr '),
  });
  for (const [backend, servers] of haproxyFor(config, SLOTS).backends) haproxy.backends.set(backend, servers);
  await runOnce({ haproxy, catalog: memoryCatalog(rows) });
  refuses = true;
  return haproxy;
}

describe('when HAProxy refuses those who come', () => {
  it('the last one that serves stays, and the run fails and says why', async () => {
    const haproxy = await refusing([old]);
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([next]) });
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
    expect(only.outcome).toBe('failed');
    expect(only.error).toContain('kept, since nobody else of iri_back serves');
    expect(only.changes.map(({ action }) => action)).toEqual(['add']);
  });

  it('one that leaves goes, while another serves', async () => {
    const haproxy = await refusing([old, other]);
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([other, next]) });
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.2:14265 w1 m0']);
    expect(only.error).toContain('Refused by the simulation');
  });

  it('those whom nobody replaces go as Consul says', async () => {
    const haproxy = await refusing([old]);
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([]) });
    expect(readyIn(haproxy, 'iri_back')).toEqual([]);
    expect(only.outcome).toBe('changed');
  });
});
