// The case table: what is desired, what HAProxy holds, and what follows; a row for each line, by name.
import { describe, expect, it } from 'vitest';
import type { ServiceInstance } from '../../lib/model/instance.js';
import type { ObservedServer } from '../../lib/model/server.js';
import { planPool } from '../../lib/plan/pool.js';
import { config, empty, instance, printed, server, viewWith } from './rig.js';

const [pool] = config.pools;
if (!pool) throw new Error('the rig has no pool');

interface Row {
  readonly name: string;
  readonly desired: readonly ServiceInstance[];
  readonly current: readonly ObservedServer[];
  readonly expected: readonly string[];
}

const at = (address: string, told: Partial<ServiceInstance> = {}) => instance({ address, ...told });
const HELD = server('s1', { state: 'drain', weight: 77 });
const DOWN_FOR_MAINTENANCE = server('s1', { state: 'maintenance' });

const ROWS: readonly Row[] = [
  {
    name: 'passing, no slot: a slot is claimed',
    desired: [instance()],
    current: [empty('s1')],
    expected: ['add s1 n1/a 10.0.0.1:80 w1 m5 ready'],
  },
  {
    name: 'passing, ready, as desired: nothing',
    desired: [instance()],
    current: [server('s1')],
    expected: [],
  },
  {
    name: 'passing, ready, other weight: it is set',
    desired: [instance({ tags: ['haproxy.weight=9'] })],
    current: [server('s1')],
    expected: ['update s1 n1/a 10.0.0.1:80 w9 m5 ready'],
  },
  {
    name: 'passing, ready, other maxconn: it is set',
    desired: [instance({ tags: ['haproxy.maxconn=2'] })],
    current: [server('s1')],
    expected: ['update s1 n1/a 10.0.0.1:80 w1 m2 ready'],
  },
  {
    name: 'passing, in maintenance: what differs is set, then ready',
    desired: [instance({ tags: ['haproxy.weight=9'] })],
    current: [DOWN_FOR_MAINTENANCE],
    expected: ['enable s1 n1/a 10.0.0.1:80 w9 m5 ready'],
  },
  { name: 'passing, in drain: nothing', desired: [instance()], current: [HELD, empty('s2')], expected: [] },
  {
    name: 'critical, in drain: nothing',
    desired: [instance({ health: 'critical' })],
    current: [HELD],
    expected: [],
  },
  { name: 'gone, in drain: nothing', desired: [], current: [HELD], expected: [] },
  {
    name: 'held in another range: not placed in this one',
    desired: [instance({ tags: ['haproxy.scheme=https'] })],
    current: [HELD, empty('t1')],
    expected: [],
  },
  {
    name: 'warning: as passing, with the warning weight',
    desired: [instance({ health: 'warning', weights: { passing: 10, warning: 3 } })],
    current: [empty('s1')],
    expected: ['add s1 n1/a 10.0.0.1:80 w3 m5 ready'],
  },
  {
    name: 'critical, ready: maintenance, the slot stays its own',
    desired: [instance({ health: 'critical' })],
    current: [server('s1')],
    expected: ['disable s1 n1/a 10.0.0.1:80 w1 m5 maintenance'],
  },
  {
    name: 'in maintenance in Consul, ready: maintenance',
    desired: [instance({ health: 'maintenance' })],
    current: [server('s1')],
    expected: ['disable s1 n1/a 10.0.0.1:80 w1 m5 maintenance'],
  },
  {
    name: 'critical, no slot: nothing, it is never ready before it passes',
    desired: [instance({ health: 'critical' })],
    current: [empty('s1')],
    expected: [],
  },
  {
    name: 'gone, ready: maintenance, the slot becomes free',
    desired: [],
    current: [server('s1')],
    expected: ['remove s1 null 10.0.0.1:80 w1 m5 maintenance'],
  },
  { name: 'gone, in maintenance: nothing', desired: [], current: [DOWN_FOR_MAINTENANCE], expected: [] },
  {
    name: 'not selected any more, ready: maintenance, by its name',
    desired: [instance({ tags: ['haproxy.role=web'], meta: { 'haproxy-role': 'other' } })],
    current: [server('s1', { address: '10.0.0.9' })],
    expected: ['remove s1 null 10.0.0.9:80 w1 m5 maintenance', 'add s1 n1/a 10.0.0.1:80 w1 m5 ready'],
  },
  {
    name: 'an invalid tag: the default',
    desired: [instance({ tags: ['haproxy.weight=-5', 'haproxy.maxconn=1e3'] })],
    current: [empty('s1')],
    expected: ['add s1 n1/a 10.0.0.1:80 w1 m5 ready'],
  },
  {
    name: 'an unusable address or port: left out, the others are served',
    desired: [
      at('x;y'),
      at('0.0.0.0', { id: 'b' }),
      at('10.0.0.3', { id: 'c', port: 99_999 }),
      at('10.0.0.4', { id: 'd' }),
    ],
    current: [empty('s1')],
    expected: ['add s1 n1/d 10.0.0.4:80 w1 m5 ready'],
  },
  {
    name: 'two at one address: one server, healthy if any of them is',
    desired: [instance({ health: 'critical' }), instance({ id: 'b' })],
    current: [server('s1')],
    expected: [],
  },
  {
    name: 'in two slots: the ready one is its own, the other becomes free',
    desired: [instance()],
    current: [server('s1'), server('s2')],
    expected: ['remove s2 n1/a 10.0.0.1:80 w1 m5 maintenance'],
  },
  {
    name: 'ready without an address: maintenance',
    desired: [],
    current: [server('s1', { address: '0.0.0.0', port: 1 })],
    expected: ['remove s1 null 0.0.0.0:1 w1 m5 maintenance'],
  },
  {
    name: 'another way of connecting: out of the one range, into the other',
    desired: [instance({ tags: ['haproxy.scheme=https'] })],
    current: [server('s1'), empty('t1')],
    expected: ['remove s1 n1/a 10.0.0.1:80 w1 m5 maintenance', 'add t1 n1/a 10.0.0.1:80 w1 m5 ready'],
  },
];

describe('a pool', () => {
  it.each(ROWS)('$name', ({ desired, current, expected }) => {
    expect(planPool(pool, viewWith(desired), current, false).changes.map(printed)).toEqual(expected);
  });

  it('keeps ready what is gone where its absence is not believed, and counts it', () => {
    const { changes, ready, gone } = planPool(pool, viewWith([]), [server('s1')], true);
    expect({ changes, ready, gone }).toEqual({ changes: [], ready: 1, gone: 1 });
  });

  it.each([
    ['taken slots', [], [HELD], { code: 'slots-taken', prefix: 's', slots: 1 }],
    ['a range that HAProxy lacks', [], [empty('t1')], { code: 'range-undeclared', prefix: 's' }],
    [
      'a range that connects the other way',
      [],
      [{ ...empty('s1'), tls: true }],
      { code: 'range-transport', prefix: 's', tls: true, ready: null },
    ],
    [
      'a way of connecting that has no range',
      ['haproxy.scheme=https', 'haproxy.sslverify=0'],
      [empty('s1')],
      { code: 'range-unconfigured', transport: 'unverified' },
    ],
  ])(
    'leaves an instance out for want of a slot, with the reason as data: %s',
    (_what, tags, current, reason) => {
      const { changes, leftOut } = planPool(pool, viewWith([at('10.0.0.2', { tags })]), current, false);
      expect(changes).toEqual([]);
      expect(leftOut).toMatchObject([{ backend: 'web', instance: 'n1/a', ...reason }]);
    },
  );

  it('leaves the weight alone where the backend takes none', () => {
    const desired = viewWith([
      instance({ tags: ['haproxy.weight=9'] }),
      at('10.0.0.2', { id: 'b', tags: ['haproxy.weight=9'] }),
    ]);
    const { changes } = planPool(pool, desired, [server('s1'), empty('s2')], false, { staticBalance: true });
    expect(changes.map(printed)).toEqual(['add s2 n1/b 10.0.0.2:80 w1 m5 ready']);
  });

  it('keeps the slot of a host name that does not resolve, and says whether that is a guess', () => {
    const named = instance({ address: 'a.example' });
    const { changes, problems } = planPool(pool, viewWith([named]), [server('s1')], false);
    expect(changes).toEqual([]);
    expect(problems.map(({ code }) => code)).toEqual(['server-unchanged', 'server-kept']);
  });
});
