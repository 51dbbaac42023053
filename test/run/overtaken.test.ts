// Runs during which Consul's word changes, with a socket that others can write to as well.
import { describe, expect, it } from 'vitest';
import { type Changes, noteChange } from '../../lib/run/made-changes.js';
import { emptyingConfig, haproxyFor, memoryCatalog, readyIn, runOnce, writesOf } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

/** The last word of some of these runs is that nobody is there. */
const config = emptyingConfig();

describe('a run that wrote asks Consul again', () => {
  it('and goes on while its word changes, at most twice', async () => {
    const haproxy = haproxyFor(config, 9);
    const catalog = memoryCatalog([row({ id: 'n0' })]);
    const moving = {
      ...catalog,
      readService: (service: string) => catalog.readService(service),
      readIndex: async () => {
        const next = Number(catalog.index) + 1;
        catalog.index = String(next);
        catalog.rows = [...catalog.rows, row({ id: `n${next}`, address: `10.0.0.${next}` })];
        return catalog.index;
      },
    };
    const { only } = await runOnce({ haproxy, catalog: moving });
    expect(only).toMatchObject({ outcome: 'changed', warnings: [] });
    expect(catalog.reads).toBe(3);
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(3);
  });

  it('and takes no answer for no change, with a warning', async () => {
    const haproxy = haproxyFor(config, 4);
    const readIndex = async (): Promise<string> => {
      throw new Error('consul: cut off');
    };
    const { only } = await runOnce({ haproxy, catalog: { ...memoryCatalog([row()]), readIndex } });
    expect(only).toMatchObject({
      outcome: 'changed',
      warnings: ['Consul could not be asked again after writing: consul: cut off'],
    });
    expect(only.error).toBeUndefined();
  });

  it('and not when it only plans, or had nothing to write', async () => {
    const haproxy = haproxyFor(config, 4);
    let asked = 0;
    const memory = memoryCatalog([row()]);
    const catalog = { ...memory, readIndex: async () => String(++asked) };
    await runOnce({ haproxy, catalog, mode: 'plan' });
    await runOnce({ haproxy, catalog: memory });
    await runOnce({ haproxy, catalog, config });
    expect(asked).toBe(0);
  });
});

it('what was changed in a process that is gone is no part of what was changed in the next', () => {
  const changes: Changes = new Map();
  const view = { address: '10.0.0.1', port: 1, weight: 1, maxconn: 0, state: 'ready' as const };
  const empty = { ...view, address: '0.0.0.0', port: 0, state: 'maintenance' as const };
  const common = { backend: 'b', slot: 's1', instance: 'n1/a', reason: 'test' };
  const added = { ...common, action: 'add' as const, before: empty, after: view };
  noteChange(changes, { ...common, action: 'update', before: view, after: { ...view, weight: 3 } }, 1);
  noteChange(changes, added, 2);
  expect([...changes.values()].map(({ change }) => change)).toEqual([added]);
});

describe('the report of a run that was overtaken', () => {
  /** Consul's word while the first run of it is written, and again while the second is. */
  const overtaking = (...words: readonly unknown[][]) => {
    const catalog = memoryCatalog([row()]);
    const next = [...words];
    return Object.assign(catalog, {
      readIndex: async () => {
        const rows = next.shift();
        if (rows) Object.assign(catalog, { rows, index: `${Number(catalog.index) + 1}` });
        return catalog.index;
      },
    });
  };
  const weighing = (weight: number) => row({ weights: { Passing: weight, Warning: 1 } });
  const settled = async () => {
    const haproxy = haproxyFor(config, 4);
    await runOnce({ haproxy, catalog: memoryCatalog([row()]) });
    return haproxy;
  };

  it('has what a slot held at first and what it holds at last', async () => {
    const haproxy = await settled();
    const catalog = overtaking([weighing(5)]);
    catalog.rows = [weighing(3)];
    const { only } = await runOnce({ haproxy, catalog, config });
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w5 m0']);
    expect(only.changes).toMatchObject([
      { action: 'update', before: { weight: 1 }, after: { weight: 5 }, reason: expect.stringMatching('5') },
    ]);
  });

  it('has nothing of what ended where it began', async () => {
    const haproxy = await settled();
    const catalog = overtaking([weighing(1)]);
    catalog.rows = [weighing(3)];
    const { only } = await runOnce({ haproxy, catalog, config });
    expect(writesOf(haproxy).filter((line) => line.endsWith('weight 3'))).toHaveLength(1);
    expect(only).toMatchObject({ outcome: 'unchanged', changes: [] });
  });

  it('has one change of a slot and instance, called by what came of it', async () => {
    const critical = row({ status: 'critical' });
    const ways = [
      { rows: [critical], next: [weighing(3)], actions: ['update'] },
      { rows: [weighing(3)], next: [critical], actions: ['disable'] },
      {
        rows: [row({ id: 'b', address: '10.0.0.2' }), row()],
        next: [],
        actions: ['remove', 'add', 'remove'],
      },
    ];
    for (const { rows, next, actions } of ways) {
      const haproxy = await settled();
      const catalog = overtaking(next);
      catalog.rows = rows;
      const { only } = await runOnce({ haproxy, catalog, config });
      expect(only.changes.map(({ action }) => action).sort()).toEqual([...actions].sort());
    }
    const haproxy = haproxyFor(config, 4);
    const { only } = await runOnce({ haproxy, catalog: overtaking([weighing(3)]) });
    expect(only.changes).toMatchObject([{ action: 'add', after: { weight: 3, state: 'ready' } }]);
  });
});
