// Who leaves, leaves only while somebody else serves, where HAProxy refused those who come.
import { describe, expect, it } from 'vitest';
import { HAProxyError } from '../../lib/haproxy/errors.js';
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
async function refusing(rows: readonly unknown[], slots = SLOTS) {
  let refuses = false;
  const haproxy = new SimulatedHAProxy({
    asynchronous: false,
    refuse: (line) => refuses && line.includes(' addr '),
  });
  for (const [backend, servers] of haproxyFor(config, slots).backends) haproxy.backends.set(backend, servers);
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
    expect(only.changes.map(({ action, result }) => [action, result])).toEqual([
      ['remove', 'skipped'],
      ['add', 'failed'],
    ]);
  });

  it('the second half of a full pool is not taken over once the first has failed', async () => {
    const haproxy = await refusing([old, other], 2);
    const newcomers = [next, row({ id: 'newer', address: '10.0.0.4' })];
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(newcomers) });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(1);
    expect(only.outcome).toBe('failed');
    expect(only.error).toContain('kept, since nobody else of iri_back serves');
  });

  it('a connection that broke before the first command leaves no change that was not made in the report', async () => {
    const haproxy = await refusing([old]);
    let connections = 0;
    const breaking = Object.assign(Object.create(haproxy), {
      connect: () => {
        const connection = haproxy.connect();
        connections += 1;
        if (connections > 1) return connection;
        const send = async (lines: readonly string[]): Promise<string[]> => {
          if (lines.some((line) => line.startsWith('set ')))
            throw new HAProxyError(connection.name, 'closed', 'connection lost');
          return connection.send(lines);
        };
        return { ...connection, send };
      },
    });
    const { only } = await runOnce({ haproxy: breaking, catalog: memoryCatalog([next]) });
    expect(connections).toBeGreaterThan(1);
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
    expect(only.changes.map(({ action, result }) => [action, result])).toEqual([
      ['add', 'failed'],
      ['remove', 'skipped'],
    ]);
  });

  it('one that leaves goes, while another serves', async () => {
    const haproxy = await refusing([old, other]);
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([other, next]) });
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.2:14265 w1 m0']);
    expect(only.error).toContain('Refused by the simulation');
  });

  it('those whom nobody replaces go as Consul says', async () => {
    const haproxy = await refusing([old]);
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([]), force: true });
    expect(readyIn(haproxy, 'iri_back')).toEqual([]);
    expect(only.outcome).toBe('changed');
  });
});

describe('when those who leave serve nobody any more', () => {
  it.each([1, 2, 4])('newcomers take over a full pool of %d whose servers are all DOWN', async (slots) => {
    const old = Array.from({ length: slots }, (_, at) => row({ id: `old-${at}`, address: `10.0.1.${at}` }));
    const coming = Array.from({ length: slots }, (_, at) =>
      row({ id: `new-${at}`, address: `10.0.2.${at}` }),
    );
    const haproxy = haproxyFor(config, slots);
    await runOnce({ haproxy, catalog: memoryCatalog(old) });
    const servers = [...(haproxy.backends.get('iri_back')?.values() ?? [])].filter(
      ({ state }) => state === 'ready',
    );
    for (const server of servers) server.status = 'DOWN';
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(coming) });
    expect(only.error).toBeUndefined();
    expect(servers.map(({ address }) => address).sort()).toEqual(coming.map((_, at) => `10.0.2.${at}`));
  });
});
