// In what order slots are given away: idle, busy, taken away by this plan, and last kept for somebody not well.
import { describe, expect, it } from 'vitest';
import type { ServiceInstance } from '../../lib/model/instance.js';
import type { ObservedServer } from '../../lib/model/server.js';
import { planPool } from '../../lib/plan/pool.js';
import { chooseSlots, preferredIndex } from '../../lib/plan/slot-choice.js';
import { config, empty, instance, printed, server, viewWith } from './rig.js';

const [pool] = config.pools;
if (!pool) throw new Error('the rig has no pool');

const at = (host: number, told: Partial<ServiceInstance> = {}) =>
  instance({ id: `i${host}`, address: `10.0.0.${host}`, ...told });
const slotAt = (number: number, host: number, told: Partial<ObservedServer> = {}) =>
  server(`s${number}`, { address: `10.0.0.${host}`, ...told });
const resting = { state: 'maintenance', status: 'MAINT' } as const;
const planned = (desired: readonly ServiceInstance[], current: readonly ObservedServer[]) =>
  planPool(pool, viewWith(desired), current, false);
const slotOf = (desired: readonly ServiceInstance[], current: readonly ObservedServer[]) =>
  planned(desired, current).changes.find(({ action }) => action === 'add')?.slot;

const CRITICAL = { health: 'critical' } as const;
const DEAD = { health: 'critical', nodeIsDead: true } as const;

describe('a newcomer gets', () => {
  const newcomer = at(9);
  // Each row lacks the best of the one before.
  const idle = empty('s1');
  const busy = slotAt(2, 2, { ...resting, sessions: 1 });
  const leaving = slotAt(3, 3);
  const keptDead = slotAt(4, 4, resting);
  const kept = slotAt(5, 5, resting);
  const known = [newcomer, at(4, DEAD), at(5, CRITICAL)];

  it.each<[string, readonly ObservedServer[], string]>([
    ['an idle slot', [kept, keptDead, leaving, busy, idle], 's1'],
    ['a busy one where none is idle', [kept, keptDead, leaving, busy], 's2'],
    ['one that this very plan takes away where none is free', [kept, keptDead, leaving], 's3'],
    ['one kept for an instance of a dead node, where none is taken away', [kept, keptDead], 's4'],
    ['one kept for an instance that is critical, where there is no other', [kept], 's5'],
  ])('%s', (_what, current, slot) => {
    expect(slotOf(known, current)).toBe(slot);
    expect(slotOf(known, [...current].reverse())).toBe(slot);
  });

  it.each([
    ['of a dead node', DEAD],
    ['that is critical', CRITICAL],
    ['that passes', {}],
  ])(
    'a slot in maintenance that only waits for the name of one %s, which does not resolve',
    (_what, told) => {
      const named = at(4, { address: 'gone.example', ...told });
      expect(slotOf([newcomer, named], [slotAt(4, 4, resting)])).toBe('s4');
      expect(slotOf([newcomer, named], [slotAt(4, 4, resting), empty('s1')])).toBe('s1');
      expect(slotOf([newcomer, named], [slotAt(4, 4, { state: 'drain' })])).toBeUndefined();
    },
  );

  it.each(['critical', 'maintenance'] as const)(
    'the slot of one that is %s and ready still, once it has stopped',
    (health) => {
      const { changes, leftOut } = planned([newcomer, at(5, { health })], [slotAt(5, 5)]);
      expect(changes.map(printed)).toEqual([
        'disable s5 n1/i5 10.0.0.5:80 w1 m5 maintenance',
        'add s5 n1/i9 10.0.0.9:80 w1 m5 ready',
      ]);
      expect(leftOut).toEqual([]);
    },
  );

  it.each([
    ['of somebody healthy', at(5), slotAt(5, 5)],
    ['in drain, of somebody who is critical', at(5, CRITICAL), slotAt(5, 5, { state: 'drain' })],
  ])('no slot %s', (_what, other, current) => {
    const { changes, leftOut } = planned([newcomer, other], [current]);
    expect(changes).toEqual([]);
    expect(leftOut).toMatchObject([{ code: 'slots-taken', instance: 'n1/i9' }]);
  });
});

describe('two machines that died', () => {
  const dead = [at(1, DEAD), at(2, DEAD)];
  const theirs = [slotAt(1, 1, resting), slotAt(2, 2, resting)];

  it('keep no slot from two that are well', () => {
    const { changes, leftOut } = planned([...dead, at(3), at(4)], theirs);
    expect(changes.map(({ action }) => action)).toEqual(['add', 'add']);
    expect(leftOut).toEqual([]);
  });

  it('are placed anew when they are well, and are nobody to be served until then', () => {
    const taken = [slotAt(1, 3), slotAt(2, 4)];
    expect(planned([...dead, at(3), at(4)], taken)).toMatchObject({ changes: [], leftOut: [], ready: 2 });
    const freed = [slotAt(1, 3), slotAt(2, 4, resting)];
    expect(planned([at(1), at(2, DEAD), at(3)], freed).changes.map(printed)).toEqual([
      'add s2 n1/i1 10.0.0.1:80 w1 m5 ready',
    ]);
  });

  it('do not make slots few: their slots are counted as kept, and warned about when all are needed', () => {
    const { ranges, problems } = planned(dead, theirs);
    expect(ranges[0]).toMatchObject({ slots: 2, free: 0, kept: 2 });
    expect(problems.map(({ code }) => code)).not.toContain('slots-low');
  });
});

describe('when slots run out', () => {
  it('those in drain for nobody in Consul are named with who is left out', () => {
    const { leftOut } = planned([at(9)], [slotAt(1, 1, { state: 'drain' })]);
    expect(leftOut).toMatchObject([{ code: 'slots-taken', idle: ['s1'] }]);
  });
});

describe('the slot in which another load balancer has an instance', () => {
  const keys = ['10.0.0.1:80', '10.0.0.2:80'];
  const other = (key: string) => (preferredIndex(key, 4) + 1) % 4;

  it('comes before the one that its hash prefers, and others make way', () => {
    const [first = '', second = ''] = keys;
    const elsewhere = [undefined, preferredIndex(first, 4)];
    const [one, two] = chooseSlots(keys, ['idle', 'idle', 'idle', 'idle'], elsewhere);
    expect(two).toBe(preferredIndex(first, 4));
    expect(one).not.toBe(two);
    expect(chooseSlots([second], ['idle', 'idle', 'idle', 'idle'], [other(second)])).toEqual([other(second)]);
  });

  it('is taken while requests to its last owner run, and not where somebody has it', () => {
    expect(chooseSlots(['a:1'], ['idle', 'busy', 'idle', 'idle'], [1])).toEqual([1]);
    expect(chooseSlots(['a:1'], ['idle', 'taken', 'idle', 'idle'], [1])).toEqual([2]);
    expect(chooseSlots(['a:1'], ['idle', 'kept', 'taken', 'leaving'], [1])).toEqual([0]);
  });

  it('is asked for by address and port', () => {
    const current = [1, 2, 3, 4].map((number) => empty(`s${number}`));
    const elsewhere = (hostPort: string) => (hostPort === '10.0.0.9:80' ? 's3' : undefined);
    const { changes } = planPool(pool, viewWith([at(9)]), current, false, { elsewhere });
    expect(changes[0]?.slot).toBe('s3');
  });
});
