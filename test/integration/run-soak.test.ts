// One's own `web` kept true by one `iri-lb run`, under churn and traffic, while one part after the other is restarted.
// SOAK_SECONDS=600 makes it ten minutes long, and has its times and its memory count.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { residentMb, startRun, startSurroundings, webRow } from './run-rig.js';
import { seeded } from './seeded.js';
import { startLoad } from './traffic-load.js';
import { type NamedNode, startNamedNode } from './traffic-nodes.js';

const LONG = Number(process.env.SOAK_SECONDS ?? 0) * 1_000;
const SOAK_MS = LONG || 16_000;
/** Between two changes, in milliseconds. */
const APART_MS = 100;
const NODES = 8;
const CLIENTS = 2;
/** So soon after a part answers again all is right, in milliseconds. */
const RIGHT_MS = 2_000;
const MORE_MB = 5;

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const right = (consul: ReadonlyMap<number, NamedNode>): string[] =>
  [...consul.values()].map(({ port }) => `127.0.0.1:${port}`);

it(
  'keeps it true, and lets no request fail while anybody could serve is up',
  async () => {
    const random = seeded('soak');
    const around = await startSurroundings(harness, { acls: false, persistent: true });
    const { consul, haproxy, port } = around;
    const nodes = await Promise.all(Array.from({ length: NODES }, (_, at) => startNamedNode(`n${at}`)));
    for (const node of nodes) harness.onClose(() => node.kill());
    const listed = new Map<number, NamedNode>();
    const row = (at: number, node: NamedNode) => webRow(at, { address: '127.0.0.1', port: node.port });
    const register = async (at: number): Promise<void> => {
      const node = nodes[at];
      if (!node) return;
      await consul.catalogRegister([row(at, node)]);
      listed.set(at, node);
    };
    for (const at of [0, 1, 2, 3]) await register(at);
    const run = await startRun(harness, around.env);
    await around.untilReady(right(listed));

    /** One comes or goes; nobody goes who is the last but one. */
    const change = async (): Promise<void> => {
      const at = random.below(NODES);
      if (!listed.has(at)) await register(at);
      else if (listed.size > 2) {
        await consul.catalogDeregister([{ node: `node-${at}`, id: 'web' }]);
        listed.delete(at);
      }
    };
    const tookMs: Record<string, number[]> = { consul: [], haproxy: [], reload: [] };
    const parts: Readonly<Record<string, () => Promise<void>>> = {
      consul: () => consul.restart(),
      haproxy: () => haproxy.restart(),
      reload: () => haproxy.reload(),
    };
    const failures: unknown[] = [];
    let requests = 0;
    let changes = 0;
    let first: number | undefined;
    const startedAt = performance.now();
    for (let round = 0; performance.now() - startedAt < SOAK_MS || round < 3; round += 1) {
      const load = startLoad(port, CLIENTS);
      const name = Object.keys(parts)[round % 3] ?? '';
      const until = performance.now() + SOAK_MS / (LONG ? 20 : 4);
      while (performance.now() < until) {
        await change();
        changes += 1;
        await sleep(APART_MS);
      }
      // A HAProxy that is not there, or knows nobody yet, answers nobody: only Consul's absence must not show.
      const isConsul = name === 'consul';
      if (!isConsul) await load.stop();
      await parts[name]?.();
      const answersAt = performance.now();
      await around.untilReady(right(listed));
      tookMs[name]?.push(Math.round(performance.now() - answersAt));
      if (isConsul) await load.stop();
      requests += load.answers.length;
      failures.push(...load.answers.filter(({ outcome }) => outcome !== 200));
      if (first === undefined && performance.now() - startedAt > Math.min(60_000, SOAK_MS / 2))
        first = await residentMb(run.child.pid);
    }
    const last = await residentMb(run.child.pid);
    console.log(
      `${changes} changes, ${requests} requests; right again after ms: ${JSON.stringify(tookMs)}; ` +
        `MB: ${first?.toFixed(1)} to ${last.toFixed(1)}`,
    );
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(changes);
    await run.until('nothing that fails', (health) => health.failing === null && health.ok);
    run.child.signal('SIGTERM');
    expect(await run.child.ended).toBe('exit 0');
    if (!LONG) return;
    expect(
      Object.values(tookMs)
        .flat()
        .filter((ms) => ms > RIGHT_MS),
    ).toEqual([]);
    expect(last).toBeLessThanOrEqual((first ?? 0) + MORE_MB);
  },
  SOAK_MS * 3 + 60_000,
);
