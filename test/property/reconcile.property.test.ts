// From any HAProxy and any catalog: what must hold of every run, whatever was there before.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SlotState } from '../../lib/model/server.js';
import { emptyingConfig, memoryCatalog, parseConfig, runOnce, writesOf } from '../simulation/rig.js';
import { SimulatedHAProxy, type SimulatedServer } from '../simulation/simulated-haproxy.js';
import { catalogRows, names, slotContent } from './arbitraries.js';
import { expectedIn, selectedIn } from './expected.js';
import { runs } from './runs.js';

/** Every pool may be emptied here: what is kept otherwise is a property of its own, below. */
const config = emptyingConfig();
const RANGES = config.pools.flatMap(({ backend, ranges }) => ranges.map((range) => ({ backend, ...range })));
const BACKENDS = config.pools.map(({ backend }) => backend);
const SLOTS = 4;

const situation = fc.record({
  rows: catalogRows,
  names,
  contents: fc.array(slotContent, { minLength: RANGES.length * SLOTS, maxLength: RANGES.length * SLOTS }),
  /** How many commands later an address takes effect; 0: at once, as before 2.9. */
  delay: fc.constantFrom(0, 1, 2, 5, 40),
});

type Watch = (line: string, server: SimulatedServer | undefined) => void;

function build(
  contents: readonly Omit<SimulatedServer, 'tls' | 'status'>[],
  delay: number,
  watch?: Watch,
  slots = SLOTS,
  refuse: (line: string) => boolean = () => false,
) {
  let commands = 0;
  const step = (): boolean => ++commands % Math.max(1, delay) === 0;
  const sim = new SimulatedHAProxy({ asynchronous: delay > 0, step, refuse, ...(watch ? { watch } : {}) });
  for (const { backend, prefix, transport } of RANGES)
    sim.addRange(backend, prefix, slots, transport !== 'plain');
  let at = 0;
  for (const servers of sim.backends.values())
    for (const server of servers.values()) {
      const content = contents[at++];
      if (content) Object.assign(server, content);
    }
  return sim;
}

describe('any run', () => {
  it('reaches what is desired: a second plan is empty', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ rows, names: known, contents, delay }) => {
        const haproxy = build(contents, delay);
        const catalog = memoryCatalog(rows);
        const first = await runOnce({ config, haproxy, catalog, names: known });
        // Who left stays while none of those who are to serve does: an operator holds them, or they have no address.
        const kept = first.only.problems.some(({ code }) => code === 'leaving-kept');
        expect(first.only.outcome === 'failed').toBe(kept);
        if (kept) return;
        haproxy.lines.length = 0;
        const second = await runOnce({ config, haproxy, catalog, names: known });
        expect(second.only.changes).toEqual([]);
        expect(writesOf(haproxy)).toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('never names a drained slot in a command', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ rows, names: known, contents, delay }) => {
        const haproxy = build(contents, delay);
        const drained = [...haproxy.backends].flatMap(([backend, servers]) =>
          [...servers].filter(([, { state }]) => state === 'drain').map(([slot]) => `${backend}/${slot} `),
        );
        await runOnce({ config, haproxy, catalog: memoryCatalog(rows), names: known });
        for (const name of drained)
          expect(writesOf(haproxy).filter((line) => line.includes(name))).toEqual([]);
      }),
      { numRuns: runs(200) },
    );
  });

  it('never has two ready slots of a pool on one address', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ rows, names: known, contents, delay }) => {
        const haproxy = build(contents, delay);
        const { only } = await runOnce({ config, haproxy, catalog: memoryCatalog(rows), names: known });
        // Who left stays as it was, also where two held one address before the run.
        const kept = new Set(only.problems.map((one) => (one.code === 'leaving-kept' ? one.backend : '')));
        for (const [backend, servers] of haproxy.backends) {
          if (kept.has(backend)) continue;
          const ready = [...servers.values()].filter(({ state }) => state === 'ready');
          const places = ready.map(({ address, port }) => `${address} ${port}`);
          expect(new Set(places).size).toBe(places.length);
        }
      }),
      { numRuns: runs(200) },
    );
  });

  it('never makes a slot ready on another address than planned, nor moves a ready one, at any command', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ rows, names: known, contents, delay }) => {
        const plan = build(contents, 0);
        const { only } = await runOnce({
          config,
          haproxy: plan,
          catalog: memoryCatalog(rows),
          names: known,
          mode: 'plan',
        });
        const planned = new Map(
          only.changes
            .filter(({ after }) => after.state === 'ready')
            .map(({ backend, slot, after }) => [`${backend}/${slot}`, `${after.address} ${after.port}`]),
        );
        const wrong: string[] = [];
        const haproxy = build(contents, delay, (line, server) => {
          if (line === '(address applied)' && server?.state === 'ready') wrong.push('moved while ready');
          const name = /^set server (\S+) state ready$/.exec(line)?.[1];
          if (name === undefined) return;
          const at = `${server?.address} ${server?.port}`;
          if (planned.get(name) !== at) wrong.push(`${name} ready at ${at}, not ${planned.get(name)}`);
        });
        await runOnce({ config, haproxy, catalog: memoryCatalog(rows), names: known });
        expect(wrong).toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('never serves an address that nobody asked for, nor moves a ready slot, when commands are refused', async () => {
    const refusals = fc.tuple(situation, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(refusals, async ([{ rows, names: known, contents, delay }, refused]) => {
        const asked = new Map(
          BACKENDS.map((backend) => {
            const places = expectedIn(rows, backend, known).flatMap(({ answers }) => answers);
            return [backend, new Set(places)];
          }),
        );
        // A takeover that was refused leaves its slot ready as it was, where nobody else serves.
        const wasReady = contents.filter(({ state }) => state === 'ready');
        const before = new Set(wasReady.map(({ address, port }) => `${address} ${port}`));
        const wrong: string[] = [];
        let command = 0;
        const watch: Watch = (line, server) => {
          if (line === '(address applied)' && server?.state === 'ready') wrong.push('moved while ready');
          const backend = /^set server (\S+)\/\S+ state ready$/.exec(line)?.[1] ?? '';
          const place = `${server?.address} ${server?.port}`;
          if (backend !== '' && !asked.get(backend)?.has(place) && !before.has(place))
            wrong.push(`${line} at ${place}`);
        };
        const refuse = (): boolean => refused[command++ % refused.length] ?? false;
        const haproxy = build(contents, delay, watch, SLOTS, refuse);
        await runOnce({ config, haproxy, catalog: memoryCatalog(rows), names: known });
        expect(wrong).toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('is the same for any order of the catalog', async () => {
    const shuffled = situation.chain((one) =>
      fc
        .shuffledSubarray(one.rows, { minLength: one.rows.length })
        .map((rows) => ({ ...one, shuffled: rows })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ({ rows, shuffled: others, names: known, contents, delay }) => {
        const one = build(contents, delay);
        const other = build(contents, delay);
        await runOnce({ config, haproxy: one, catalog: memoryCatalog(rows), names: known });
        await runOnce({ config, haproxy: other, catalog: memoryCatalog(others), names: known });
        expect(other.lines).toEqual(one.lines);
      }),
      { numRuns: runs(150) },
    );
  });

  it('has exactly those ready that the tags and the health of the catalog ask for, where there is room', async () => {
    const room = situation.filter(({ contents }) => contents.every(({ state }) => state !== 'drain'));
    await fc.assert(
      fc.asyncProperty(room, async ({ rows, contents, delay }) => {
        const known = { 'a.example': ['10.0.0.4'], 'b.example': ['10.0.0.7'] };
        const haproxy = build(contents, delay, undefined, 12);
        const { only } = await runOnce({ config, haproxy, catalog: memoryCatalog(rows), names: known });
        expect(only.error).toBeUndefined();
        for (const backend of BACKENDS) {
          const servers = [...(haproxy.backends.get(backend)?.values() ?? [])];
          const ready = servers
            .filter(({ state }) => state === 'ready')
            .map(({ address, port, weight, maxconn }) => `${address} ${port} w${weight} m${maxconn}`);
          const expected = expectedIn(rows, backend, known);
          expect(ready.sort()).toEqual(
            expected.map(({ at, weight, maxconn }) => `${at} w${weight} m${maxconn}`).sort(),
          );
        }
      }),
      { numRuns: runs(200) },
    );
  });

  it('serves every healthy instance somewhere, or says that it has no slot, is held or does not resolve', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ rows, names: known, contents, delay }) => {
        const haproxy = build(contents, delay);
        const { only } = await runOnce({ config, haproxy, catalog: memoryCatalog(rows), names: known });
        for (const pool of only.pools) {
          const servers = [...(haproxy.backends.get(pool.backend)?.values() ?? [])];
          expect(pool.slots).toBe(servers.length);
          expect(pool.ready).toBe(servers.filter(({ state }) => state === 'ready').length);
          expect(pool.ready + pool.maintenance + pool.held).toBe(pool.slots);
          if (pool.unplaced.length > 0) expect(only.error).toContain('left out for want of a slot');
          const places = (state: SlotState): Set<string> =>
            new Set(
              servers
                .filter((server) => server.state === state)
                .map(({ address, port }) => `${address} ${port}`),
            );
          const [ready, drained] = [places('ready'), places('drain')];
          const unplaced = new Set(pool.unplaced.map(({ instance }) => instance));
          for (const { answers, labels } of expectedIn(rows, pool.backend, known)) {
            const isThere = answers.some((place) => ready.has(place) || drained.has(place));
            if (!isThere) expect(labels.some((label) => unplaced.has(label))).toBe(true);
          }
        }
      }),
      { numRuns: runs(150) },
    );
  });

  it('keeps all that a pool has ready when nobody is listed or selected any more, unless forced or told', async () => {
    const wiped = situation.chain((one) =>
      fc.constantFrom<readonly unknown[]>([], one.rows.slice(0, 1)).map((rows) => ({ ...one, rows })),
    );
    await fc.assert(
      fc.asyncProperty(wiped, async ({ rows, names: known, contents, delay }) => {
        const haproxy = build(contents, delay);
        const before = new Map(BACKENDS.map((backend) => [backend, servingPlaces(haproxy, backend)]));
        const { only } = await runOnce({
          config: parseConfig(),
          haproxy,
          catalog: memoryCatalog(rows),
          names: known,
        });
        for (const backend of BACKENDS) {
          const had = before.get(backend) ?? [];
          const isKept =
            rows.length === 0 ? had.length > 0 : had.length > 1 && selectedIn(rows, backend) === 0;
          if (!isKept) continue;
          expect(servingPlaces(haproxy, backend)).toEqual(had);
          // The other pool may keep those who left for want of somebody who serves, which is a failure.
          const isOther = only.problems.some(({ code }) => code === 'leaving-kept');
          expect(only.outcome).toBe(isOther ? 'failed' : 'guarded');
        }
      }),
      { numRuns: runs(150) },
    );
  });
});

/** Where ready slots with an address are, sorted. */
function servingPlaces(haproxy: SimulatedHAProxy, backend: string): string[] {
  return [...(haproxy.backends.get(backend)?.values() ?? [])]
    .filter(({ state, address, port }) => state === 'ready' && address !== '0.0.0.0' && port !== 0)
    .map(({ address, port }) => `${address} ${port}`)
    .sort();
}
