// Slots that cannot be given to anybody: they are not free, and who is left out for them is told why.
import { describe, expect, it } from 'vitest';
import { sentenceOf } from '../../lib/model/problem.js';
import type { ObservedServer } from '../../lib/model/server.js';
import { planPool } from '../../lib/plan/pool.js';
import { config, empty, instance, server, viewWith } from './rig.js';

const [pool] = config.pools;
if (!pool) throw new Error('the rig has no pool');

const fixed = (slot: string, why: 'no-address' | 'resolvers' | 'tracking'): ObservedServer => ({
  ...empty(slot),
  address: null,
  fixed: why,
});
const planned = (...current: readonly ObservedServer[]) =>
  planPool(pool, viewWith([instance()]), current, false);

describe('slots that cannot be given to anybody', () => {
  it.each([
    ['no-address', /take no address at runtime.*init-addr last,0\.0\.0\.0/],
    ['resolvers', /HAProxy's own resolvers.*take "resolvers" out/],
    ['tracking', /with the server that they track.*take that server out of maintenance/],
  ] as const)('are not free, and %s is told with what to do', (why, words) => {
    const { changes, leftOut, ranges } = planned(fixed('s1', why), fixed('s2', why));
    expect(changes).toEqual([]);
    expect(ranges[0]).toMatchObject({ slots: 2, free: 0 });
    expect(leftOut).toMatchObject([{ code: 'slots-fixed', prefix: 's', slots: 2, fixed: 2, why }]);
    expect(leftOut.map(sentenceOf).join()).toMatch(words);
  });

  it('do not keep a newcomer from one that can', () => {
    expect(planned(fixed('s1', 'resolvers'), empty('s2')).changes).toMatchObject([
      { action: 'add', slot: 's2' },
    ]);
  });

  it('are told apart from those that are taken', () => {
    const { leftOut } = planned(
      fixed('s1', 'no-address'),
      server('s2', { address: '10.0.0.7', state: 'drain' }),
    );
    expect(leftOut.map(sentenceOf).join()).toContain('1 of 2 slots of s cannot be given to anybody');
  });
});

describe('a server in maintenance with the one that it tracks', () => {
  it('is not made ready, which would change nothing, and is reported as held', () => {
    const tracking = server('s1', { state: 'maintenance', status: 'MAINT (via m/m1)', fixed: 'tracking' });
    const { changes, problems } = planned(tracking);
    expect(changes).toEqual([]);
    expect(problems).toContainEqual(expect.objectContaining({ code: 'held-by-tracking', slot: 's1' }));
  });
});
