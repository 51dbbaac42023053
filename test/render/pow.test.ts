// Proofs of work: never more than maxconn per node, the others queue, and nobody else waits for them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { ask } from './client.js';
import { type Rig, startRig } from './rig.js';

const INFO = '{"command":"getNodeInfo"}';
const POW = '{"command":"attachToTangle","trytes":["A9"]}';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

/** A column of `show stat` for a whole backend. */
async function stat({ haproxy }: Rig, backend: string, column: string): Promise<number> {
  const [head = '', ...rows] = (await haproxy.query('show stat')).split('\n');
  const at = head.replace(/^# /, '').split(',').indexOf(column);
  return Number(
    rows.map((row) => row.split(',')).find(([name, part]) => name === backend && part === 'BACKEND')?.[at],
  );
}

describe('the PoW pool', () => {
  it('works on one request per node, queues the others, and serves them all in the end', async () => {
    const rig = await startRig({
      harness,
      nodes: { iri_back: 1, iri_pow_back: 2 },
      settings: { limits: false },
    });
    const nodes = rig.nodes.iri_pow_back ?? [];
    for (const node of nodes) node.hold();
    const answers = Promise.all(Array.from({ length: 12 }, () => ask(rig.port, { body: POW })));
    await waitFor(async () => (await stat(rig, 'iri_pow_back', 'qcur')) === 10, { what: 'ten to queue' });
    expect(nodes.map(({ peak }) => peak)).toEqual([1, 1]);

    for (let index = 0; index < 20; index++) {
      expect(await ask(rig.port, { body: INFO })).toMatchObject({ status: 200, node: 'iri_back-1' });
    }
    expect(await stat(rig, 'iri_pow_back', 'qcur')).toBe(10);

    for (const node of nodes) node.release();
    expect((await answers).map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(nodes.map(({ peak }) => peak)).toEqual([1, 1]);
    expect(nodes.reduce((sum, { arrivals }) => sum + arrivals.length, 0)).toBe(12);
  });

  it('takes as many per node as a run has set', async () => {
    const rig = await startRig({ harness, settings: { limits: false } });
    const [node] = rig.nodes.iri_pow_back ?? [];
    await rig.haproxy.query('set maxconn server iri_pow_back/irisrv1 3');
    node?.hold();
    const answers = Promise.all(Array.from({ length: 8 }, () => ask(rig.port, { body: POW })));
    await waitFor(async () => (await stat(rig, 'iri_pow_back', 'qcur')) === 5, { what: 'five to queue' });
    await waitFor(() => node?.peak === 3, { what: 'three to be worked on' });
    node?.release();
    expect((await answers).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(node?.peak).toBe(3);
  });

  it('turns away who would wait beyond its limit, so that waiting never fills the frontend', async () => {
    const rig = await startRig({
      harness,
      settings: { limits: false, frontend: { maxConnections: 10 }, servers: { maxRequestsPerBackend: 4 } },
    });
    const [node] = rig.nodes.iri_pow_back ?? [];
    node?.hold();
    const accepted = Promise.all(Array.from({ length: 4 }, () => ask(rig.port, { body: POW })));
    await waitFor(async () => (await stat(rig, 'iri_pow_back', 'qcur')) === 3, { what: 'three to queue' });
    expect((await ask(rig.port, { body: POW })).status).toBe(503);
    expect((await ask(rig.port, { body: INFO })).status).toBe(200);
    node?.release();
    expect((await accepted).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('gives up on who waits too long for a node', async () => {
    const rig = await startRig({ harness, settings: { limits: false, timeouts: { queueSeconds: 1 } } });
    const [node] = rig.nodes.iri_pow_back ?? [];
    node?.hold();
    const first = ask(rig.port, { body: POW });
    await waitFor(() => node?.arrivals.length === 1, { what: 'the first to arrive' });
    expect((await ask(rig.port, { body: POW })).status).toBe(503);
    node?.release();
    expect((await first).status).toBe(200);
    expect(node?.arrivals).toHaveLength(1);
  });
});
