// Which slot a server gets: its hash's, else the next; idle before busy; the same on every load balancer.
import { describe, expect, it } from 'vitest';
import { chooseSlots, preferredIndex } from '../../lib/plan/slot-choice.js';
import { haproxyFor, memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig();
const layoutOf = (haproxy: SimulatedHAProxy): string[] =>
  [...(haproxy.backends.get('iri_back') ?? [])]
    .filter(([, { state }]) => state === 'ready')
    .map(([slot, { address }]) => `${slot} ${address}`);
const rowsAt = (...hosts: readonly number[]) =>
  hosts.map((host) => row({ id: `i${host}`, address: `10.0.0.${host}` }));

describe('the preference', () => {
  it('spreads neighbouring addresses over all slots', () => {
    const taken = new Set(
      Array.from({ length: 256 }, (_, host) => preferredIndex(`10.0.0.${host}:14265`, 64)),
    );
    expect(taken.size).toBeGreaterThan(58);
    expect(Math.max(...taken)).toBeLessThan(64);
  });
});

describe('slots', () => {
  const key = 'some:1';
  const at = preferredIndex(key, 4);
  const slots = (fill: 'taken' | 'idle' | 'busy', special: Record<number, 'taken' | 'idle' | 'busy'>) =>
    Array.from({ length: 4 }, (_, index) => special[(index - at + 4) % 4] ?? fill);

  it('are the preferred one, then the next idle one around the end', () => {
    expect(chooseSlots([key], slots('idle', {}))).toEqual([at]);
    expect(chooseSlots([key], slots('idle', { 0: 'taken' }))).toEqual([(at + 1) % 4]);
    expect(chooseSlots([key], slots('taken', { 3: 'idle' }))).toEqual([(at + 3) % 4]);
  });

  it('with sessions are taken only when no idle one is left', () => {
    expect(chooseSlots([key], slots('busy', { 2: 'idle' }))).toEqual([(at + 2) % 4]);
    expect(chooseSlots([key], slots('busy', {}))).toEqual([at]);
    expect(chooseSlots([key], slots('taken', {}))).toEqual([undefined]);
  });

  it('go first to those that can have the one they prefer', () => {
    const other = Array.from({ length: 99 }, (_, n) => `other:${n}`).find(
      (name) => preferredIndex(name, 4) === (at + 1) % 4,
    );
    const same = Array.from({ length: 99 }, (_, n) => `same:${n}`).find(
      (name) => preferredIndex(name, 4) === at,
    );
    expect(chooseSlots([key, same ?? '', other ?? ''], slots('idle', {}))).toEqual([
      at,
      (at + 2) % 4,
      (at + 1) % 4,
    ]);
  });

  it('are the same on a second load balancer and after a restart', async () => {
    const rows = rowsAt(1, 2, 3, 4, 5, 6, 7);
    const [one, two] = [haproxyFor(config, 40), haproxyFor(config, 40, true)];
    await runOnce({ haproxy: one, catalog: memoryCatalog(rows) });
    await runOnce({ haproxy: two, catalog: memoryCatalog([...rows].reverse()) });
    expect(layoutOf(one)).toHaveLength(7);
    expect(layoutOf(two)).toEqual(layoutOf(one));
  });

  it('are not given away by a busy one while idle ones are free', async () => {
    const haproxy = haproxyFor(config, 2);
    haproxy.server('iri_back', `irisrv${preferredIndex('10.0.0.1:14265', 2) + 1}`).sessions = 3;
    await runOnce({ haproxy, catalog: memoryCatalog(rowsAt(1)) });
    expect(layoutOf(haproxy)).toEqual([`irisrv${2 - preferredIndex('10.0.0.1:14265', 2)} 10.0.0.1`]);
  });

  it('are counted free, and running out is told before it happens', async () => {
    const haproxy = haproxyFor(config, 3);
    const early = await runOnce({ haproxy, catalog: memoryCatalog(rowsAt(1)) });
    expect(early.only.pools[0]).toMatchObject({ slots: 9, ready: 1, free: 8 });
    expect(early.only.warnings).toEqual([]);
    const late = await runOnce({ haproxy, catalog: memoryCatalog(rowsAt(1, 2)) });
    expect(late.only.warnings).toEqual(['iri_back: 1 of 3 slots of irisrv left']);
  });

  it('are counted by range too: a full one has none, whatever the others have', async () => {
    const haproxy = haproxyFor(config, 4);
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rowsAt(1, 2, 3, 4, 5)) });
    expect(only.pools[0]).toMatchObject({ slots: 12, free: 8, unplaced: [{}] });
    expect(only.pools[0]?.ranges).toEqual([
      { prefix: 'irisrv', slots: 4, free: 0, kept: 0 },
      { prefix: 'iritls', slots: 4, free: 4, kept: 0 },
      { prefix: 'iritlsnv', slots: 4, free: 4, kept: 0 },
    ]);
  });

  it('of a plan are counted as they are, not as they would be', async () => {
    const haproxy = haproxyFor(config, 2);
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rowsAt(1)), mode: 'plan' });
    expect(only.outcome).toBe('planned');
    expect(only.pools[0]).toMatchObject({ slots: 6, ready: 0, maintenance: 6, free: 6 });
  });
});
