// What is told of a fleet whose load balancers do not hold the same.
import { expect, it } from 'vitest';
import type { SlotStatus } from '../../lib/model/status.js';
import { differencesOf } from '../../lib/run/differences.js';
import { slotStatus } from './status-values.js';

const slot = (fields: Partial<SlotStatus> = {}): SlotStatus => slotStatus({ port: 80, ...fields });

const between = (one: readonly SlotStatus[], two: readonly SlotStatus[]): string[] =>
  differencesOf([
    { address: 'one', state: 'read', slots: one, pools: [] },
    { address: 'broken', state: 'down', slots: [], pools: [], error: 'down' },
    { address: 'two', state: 'read', slots: two, pools: [] },
  ]);

const maint = { state: 'maintenance', status: 'MAINT' } as const;

it.each<[string, SlotStatus[], SlotStatus[], string[]]>([
  ['the same', [slot()], [slot({ sessions: 7, status: 'DOWN' })], []],
  ['another slot', [slot()], [slot({ slot: 's2' })], ['s1 on one, s2 on two']],
  ['nowhere', [slot()], [], ['s1 on one, nowhere on two']],
  ['not there at first', [], [slot()], ['nowhere on one, s1 on two']],
  ['drained', [slot()], [slot({ state: 'drain' })], ['s1 on one, s1 (drain) on two']],
  ['drained, and gone', [slot({ state: 'drain' })], [], ['s1 (drain) on one, nowhere on two']],
  ['in maintenance', [slot()], [slot(maint)], ['s1 on one, s1 (maintenance) on two']],
  ['critical, and unknown after a restart', [slot(maint)], [], []],
  [
    'critical in other slots',
    [slot(maint)],
    [slot({ ...maint, slot: 's2', weight: 9 })],
    ['s1 (maintenance) on one, s2 (maintenance) on two'],
  ],
  ['another weight', [slot()], [slot({ weight: 9 })], ['s1 weight 1 on one, s1 weight 9 on two']],
  [
    'other settings',
    [slot()],
    [slot({ weight: 2, maxconn: 5 })],
    ['s1 weight 1 maxconn no limit on one, s1 weight 2 maxconn 5 on two'],
  ],
  ['left over from somebody', [slot({ ...maint, instance: null })], [], []],
  ['ready for nobody', [slot({ instance: null })], [], ['s1 on one, nowhere on two']],
  ['where it was before, too', [slot({ ...maint }), slot({ slot: 's2' })], [slot({ slot: 's2' })], []],
])('%s', (_what, one, two, differences) => {
  expect(between(one, two)).toEqual(differences.map((text) => `b 10.0.0.1:80: ${text}`));
});
