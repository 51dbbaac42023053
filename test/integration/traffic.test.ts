// Steady traffic through a real HAProxy while the catalog changes: nothing fails, nothing is misrouted.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { applyOnce, readyServers } from './rig.js';
import { seeded } from './seeded.js';
import { startRandomCatalog } from './traffic-catalog.js';
import { makeHistory } from './traffic-history.js';
import { type Answered, startLoad } from './traffic-load.js';
import { type NamedNode, startNamedNode } from './traffic-nodes.js';
import { startRendered } from './traffic-rig.js';

const CHANGES = 200;
/** As many as can be registered at once and one more: who comes gets the slot that somebody just left. */
const SLOTS = 9;
const CLIENTS = 4;
const REPLACED = 20;
const KINDS = ['add', 'critical', 'leave', 'move', 'passing', 'remove', 'retag', 'reuse'];

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

it(`answers every request rightly while the catalog changes ${CHANGES} times`, async () => {
  const random = seeded('traffic');
  const { consul, haproxy, apiPort, runner } = await startRendered(harness, SLOTS);
  const catalog = await startRandomCatalog(consul, random);
  harness.onClose(() => catalog.close());
  const history = makeHistory();
  const kinds = new Set<string>();
  const applied = history.begin(catalog.serving());
  expect((await applyOnce(runner)).only.error).toBeUndefined();
  applied();

  const load = startLoad(apiPort, CLIENTS);
  try {
    for (let count = 0; count < CHANGES; count += 1) {
      const change = await catalog.next();
      kinds.add(change.kind);
      const done = history.begin(change.serving);
      await change.write();
      const { only } = await applyOnce(runner);
      done();
      expect(only.error).toBeUndefined();
      await load.round();
    }
  } finally {
    await load.stop();
  }

  const { answers } = load;
  expect(answers.filter(({ outcome }) => outcome !== 200)).toEqual([]);
  expect(answers.filter((answer) => !history.allowed(answer).has(answer.node))).toEqual([]);
  const servers = (await readyServers(haproxy, 'iri_back')).map((server) => server.split(' ')[1]);
  expect(servers.sort()).toEqual(catalog.addresses().sort());
  // What was seen is worth something: every kind of change, both kinds of client, requests under way.
  expect([...kinds].sort()).toEqual(KINDS);
  for (const kind of ['kept', 'new'])
    expect(answers.filter(({ connection }) => connection === kind).length).toBeGreaterThan(CHANGES);
  expect(answers.filter((answer) => history.overlaps(answer)).length).toBeGreaterThan(CHANGES);
  console.log(`${answers.length} requests, ${new Set(answers.map(({ node }) => node)).size} nodes answered`);
}, 180_000);

// With as many slots as servers, whoever comes has to take over the slot of somebody who leaves.
it.each([2, 8])(
  'has somebody ready while everybody is replaced at once, in %i slots',
  async (slots) => {
    const { consul, apiPort, runner } = await startRendered(harness, slots);
    const nodes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => startNamedNode(name)));
    for (const node of nodes) harness.onClose(() => node.kill());
    const [a, b, c, d] = nodes as [NamedNode, NamedNode, NamedNode, NamedNode];
    const show = async (...shown: NamedNode[]): Promise<void> => {
      await consul.catalogRegister(
        shown.map(({ port }, at) => ({ node: 'n', id: `${at}`, service: 'iri', address: '127.0.0.1', port })),
      );
      expect((await applyOnce(runner)).only.error).toBeUndefined();
    };
    await show(a, b);
    const load = startLoad(apiPort, CLIENTS);
    try {
      for (let count = 0; count < REPLACED; count += 1) {
        await show(...(count % 2 === 0 ? [c, d] : [a, b]));
        await load.round();
      }
    } finally {
      await load.stop();
    }
    expect(load.answers.filter(({ outcome }) => outcome !== 200)).toEqual([]);
    expect(new Set(load.answers.map(({ node }) => node)).size).toBe(4);
  },
  60_000,
);

// HAProxy 2.6 keeps a connection that is in use while its server gets another address, and would use it
// again for whoever has the slot next; `option http-server-close` in the rendered configuration prevents it.
it('sends nobody to the node that had the slot before, over a connection that was in use meanwhile', async () => {
  const { consul, apiPort, runner } = await startRendered(harness, 1);
  const [old, next] = [await startNamedNode('old'), await startNamedNode('next')];
  for (const node of [old, next]) harness.onClose(() => node.kill());
  const row = (id: string, { port }: NamedNode) => ({
    node: 'n',
    service: 'iri',
    id,
    address: '127.0.0.1',
    port,
  });
  await consul.catalogRegister([row('old', old)]);
  await applyOnce(runner);
  // Once a request was answered it shows that no connection is kept: until then a run waits for those in the slot.
  const first = startLoad(apiPort, 1);
  await first.round();
  await first.stop();

  const release = old.hold();
  const load = startLoad(apiPort, CLIENTS);
  await waitFor(() => old.held() === 2 * CLIENTS, { what: 'a request of each client in the old node' });
  await consul.catalogDeregister([{ node: 'n', id: 'old' }]);
  await applyOnce(runner);
  await consul.catalogRegister([row('next', next)]);
  expect((await applyOnce(runner)).only.error).toBeUndefined();
  const sentBefore = performance.now();
  release();
  await load.round();
  await load.stop();

  expect(load.answers.filter(({ outcome }) => outcome !== 200)).toEqual([]);
  const nodesOf = (answers: readonly Answered[]) => [...new Set(answers.map(({ node }) => node))];
  expect(nodesOf(load.answers.filter(({ from }) => from < sentBefore))).toEqual(['old']);
  expect(nodesOf(load.answers.filter(({ from }) => from >= sentBefore))).toEqual(['next']);
}, 60_000);

// `set maxconn server … 0` does not dequeue, in any version: with no limit, nothing would until the timeout.
it('lets requests that wait for a connection through when the limit is taken away', async () => {
  const { consul, haproxy, apiPort, runner } = await startRendered(harness, 1);
  const node = await startNamedNode('limited');
  harness.onClose(() => node.kill());
  const instance = { node: 'n', service: 'iri', address: '127.0.0.1', port: node.port };
  await consul.catalogRegister([{ ...instance, tags: ['haproxy.maxconn=1'] }]);
  await applyOnce(runner);

  const release = node.hold();
  const load = startLoad(apiPort, CLIENTS);
  // Those who see a free server at the same time wait in its own queue, all others in that of the backend.
  const waiting = async (): Promise<number> => {
    const rows = (await haproxy.query('show stat iri_back 6 -1')).matchAll(/^iri_back,[^,]*,(\d+),/gm);
    return [...rows].reduce((sum, [, queued]) => sum + Number(queued), 0);
  };
  // Of 300 times once HAProxy (2.6.12) lets two of its threads in where `maxconn` is 1.
  await waitFor(
    async () => {
      const queued = await waiting();
      return queued >= 2 * CLIENTS - 2 && node.held() === 2 * CLIENTS - queued;
    },
    { what: 'one request of each client, all but one or two of them waiting' },
  );
  await consul.catalogRegister([instance]);
  expect((await applyOnce(runner)).only).toMatchObject({ outcome: 'changed' });
  await waitFor(() => node.held() === 2 * CLIENTS, { what: 'the requests of all clients in the node' });
  release();
  await load.round();
  await load.stop();
  expect(load.answers.filter(({ outcome }) => outcome !== 200)).toEqual([]);
}, 60_000);

it('would tell an answer of a node that had left, or was not there yet', () => {
  let now = 0;
  const history = makeHistory(() => now);
  const at = (time: number): void => {
    now = time;
  };
  const first = history.begin(['a']);
  at(10);
  first();
  at(20);
  const second = history.begin(['b']);
  at(30);
  second();
  const allowed = (from: number, to: number): string[] => [...history.allowed({ from, to })];
  expect(allowed(11, 19)).toEqual(['a']);
  expect(allowed(11, 21)).toEqual(['a', 'b']);
  expect(allowed(29, 40)).toEqual(['a', 'b']);
  expect(allowed(31, 40)).toEqual(['b']);
});
