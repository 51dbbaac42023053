// What a watch was told is good for who comes; before anybody is stopped Consul is read anew.
import { describe, expect, it } from 'vitest';
import { makeSource } from '../../lib/consul/source.js';
import { withToldRows } from '../../lib/consul/told-rows.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { reconcile } from '../../lib/run/reconcile.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig({ pools: [{ backend: 'b', service: 'iri', ranges: [{ prefix: 's' }] }] });
const one = row({ node: 'n1', address: '10.0.0.1' });
const two = row({ node: 'n2', address: '10.0.0.2' });
const three = row({ node: 'n3', address: '10.0.0.3' });

interface Around {
  /** What Consul has by now; the same by default. */
  readonly inConsul?: readonly unknown[];
  /** Its index by now; that of the rows by default. */
  readonly newest?: Promise<string>;
  /** How long Consul takes to say that the index is still that of the rows, in milliseconds. */
  readonly newestAfterMs?: number;
  /** Called when the rows are taken apart. */
  readonly onDecode?: (haproxy: SimulatedHAProxy) => void;
  /** How long HAProxy takes to answer, in milliseconds: longer than to take the rows apart, by default. */
  readonly answerMs?: number;
}

/** One run of who was told these rows, on a HAProxy that has one and two. */
async function runOn(told: readonly unknown[], around: Around = {}) {
  const haproxy = new SimulatedHAProxy({ asynchronous: false });
  haproxy.addRange('b', 's', 6);
  await runOnce({ config, haproxy, catalog: memoryCatalog([one, two]) });
  const linesBefore = haproxy.lines.length;
  const { inConsul = told, newest, newestAfterMs = 0, onDecode = () => {}, answerMs = 1 } = around;
  const catalog = memoryCatalog(inConsul);
  // What is said to take time takes it; how long this machine takes for the rest does not count.
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const lasting = async (ms: number): Promise<void> => {
    if (ms === 0) return;
    await systemClock.sleep(ms);
    nowMs += ms;
  };
  const decode = () => {
    onDecode(haproxy);
    return { rows: told, index: catalog.index, lastContactMs: 0, filtered: false };
  };
  const sent = { decode, newest: newest ?? lasting(newestAfterMs).then(() => catalog.index) };
  const heard = { service: 'iri', rows: Promise.resolve(sent), atMs: clock.monotonicMs() };
  const report = await reconcile(
    {
      config,
      source: makeSource({ client: withToldRows(catalog, heard, clock), clock }),
      connect: async () => answeringAfter(() => lasting(answerMs), haproxy.connect()),
      resolve: async () => [],
      clock,
    },
    [{ kind: 'tcp', host: 'simulated', port: 9999 }],
    { mode: 'apply', force: false },
  );
  const changes = report.loadBalancers.flatMap((lb) => lb.changes.map(({ action }) => action)).sort();
  const lines = haproxy.lines.slice(linesBefore);
  const beforeWriting = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('set server')),
  );
  const listings = beforeWriting.filter((line) => line.startsWith('show servers state')).length;
  return { made: { changes, ready: readyIn(haproxy, 'b').length, reads: catalog.reads }, listings };
}

function answeringAfter(wait: () => Promise<void>, connection: RuntimeConnection): RuntimeConnection {
  return {
    name: connection.name,
    send: async (...given) => {
      await wait();
      return connection.send(...given);
    },
    close: () => connection.close(),
  };
}

describe('who was told by a watch', () => {
  it('lets somebody come on that, and lists HAProxy once before it writes', async () => {
    const { made, listings } = await runOn([one, two, three]);
    expect(made).toEqual({ changes: ['add'], ready: 3, reads: 0 });
    expect(listings).toBe(1);
  });

  it('lists HAProxy again where that was listed before the rows were taken apart', async () => {
    const { made, listings } = await runOn([one, two, three], { answerMs: 0 });
    expect(made).toEqual({ changes: ['add'], ready: 3, reads: 0 });
    expect(listings).toBe(2);
  });

  it('lists HAProxy again where that was long in listing', async () => {
    const { made, listings } = await runOn([one, two, three], { answerMs: 50 });
    expect(made).toEqual({ changes: ['add'], ready: 3, reads: 0 });
    expect(listings).toBe(2);
  });

  it('lists HAProxy again where Consul is slow to say that it is still so', async () => {
    const { made, listings } = await runOn([one, two, three], { newestAfterMs: 40 });
    expect(made).toEqual({ changes: ['add'], ready: 3, reads: 0 });
    expect(listings).toBe(2);
  });

  it.each([0, 1])(
    'gives no command to a slot that was drained meanwhile (answers in %d ms)',
    async (answerMs) => {
      const onDecode = (haproxy: SimulatedHAProxy): void => {
        for (const server of haproxy.backends.get('b')?.values() ?? [])
          if (server.state === 'maintenance') server.state = 'drain';
      };
      const { made } = await runOn([one, two, three], { onDecode, answerMs });
      expect(made).toEqual({ changes: [], ready: 2, reads: 0 });
    },
  );

  it.each<[string, () => Promise<string>]>([
    ['since this process stood still', async () => '43'],
    ['since Consul began to count anew', async () => '2'],
    ['where Consul does not say', () => Promise.reject(new Error('no answer'))],
    ['where Consul does not say in time', () => new Promise(() => {})],
  ])('lets nobody come on rows that may not be the last any more, %s', async (_why, ask) => {
    const newest = ask();
    newest.catch(() => {});
    const { made } = await runOn([one, two, three], { inConsul: [one, two], newest });
    expect(made).toEqual({ changes: [], ready: 2, reads: 1 });
  });

  it('stops nobody whom the token of the watch may not read', async () => {
    const { made } = await runOn([one], { inConsul: [one, two] });
    expect(made).toEqual({ changes: [], ready: 2, reads: 1 });
  });

  it('stops who is critical on what is read anew', async () => {
    const critical = row({ node: 'n2', address: '10.0.0.2', status: 'critical' });
    const { made } = await runOn([one, critical]);
    expect(made).toEqual({ changes: ['disable'], ready: 1, reads: 1 });
  });

  it('lets who comes while another one leaves come on what is read anew, too', async () => {
    const { made } = await runOn([one, three]);
    expect(made).toMatchObject({ changes: ['add', 'remove'], ready: 2 });
    expect(made.reads).toBeGreaterThan(0);
  });
});
