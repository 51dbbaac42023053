// Whose word holds on a server that has an agent-check, by the columns that HAProxy lists.
import { describe, expect, it } from 'vitest';
import type { ServiceInstance } from '../../lib/model/instance.js';
import type { ObservedServer } from '../../lib/model/server.js';
import { agentWordOn, markedMaxconn } from '../../lib/plan/agent-word.js';
import { planPool } from '../../lib/plan/pool.js';
import { config, empty, instance, printed, server, viewWith } from './rig.js';

const [pool] = config.pools;
if (!pool) throw new Error('the rig has no pool');

const drained = { state: 'drain', status: 'DRAIN (agent)' } as const;
const resting = { state: 'maintenance', status: 'MAINT' } as const;
const withAgent = (agentStatus: string, told: Partial<ObservedServer> = {}) =>
  server('s1', { hasAgent: true, agentStatus, ...told });
const planned = (desired: readonly ServiceInstance[], ...current: readonly ObservedServer[]) =>
  planPool(pool, viewWith(desired), current, false);

describe('the word of an agent', () => {
  const wanted = { weight: 1, maxconn: 5 };
  it.each<[string, ObservedServer, string | undefined]>([
    ['drain', withAgent('CHECKED', drained), 'drain'],
    ['drain, and its host is gone', withAgent('L4CON', drained), 'drain'],
    ['drain while it was down', withAgent('CHECKED', { state: 'drain', status: 'DOWN (agent)' }), 'drain'],
    ['up, and somebody drains the server', withAgent('L7OK', drained), undefined],
    ['down, and somebody drains the server', withAgent('L7STS', drained), undefined],
    ['nothing yet, and somebody drains the server', withAgent('INI', drained), undefined],
    ['down', withAgent('L7STS', { status: 'DOWN (agent)' }), 'down'],
    ['a percentage', withAgent('CHECKED', { weight: 3 }), 'percentage'],
    ['a percentage that makes the wanted weight', withAgent('CHECKED'), undefined],
    ['up, and the weight is another', withAgent('L7OK', { weight: 3 }), undefined],
    ['maint', withAgent('CHECKED', resting), 'maint'],
    ['up, and the server is in maintenance', withAgent('L7OK', resting), undefined],
    [
      'a percentage, and a run put it in maintenance',
      withAgent('CHECKED', { ...resting, maxconn: markedMaxconn(5) }),
      undefined,
    ],
    ['nothing: it has none', server('s1', { ...drained, status: 'DRAIN' }), undefined],
  ])('%s', (_what, listed, word) => {
    expect(agentWordOn(listed, wanted)).toBe(word);
  });
});

describe('a server with an agent-check', () => {
  it.each([
    ['maint', withAgent('CHECKED', resting)],
    ['down', withAgent('L7STS', { status: 'DOWN (agent)', weight: 7 })],
    ['percentage', withAgent('CHECKED', { weight: 7 })],
    ['drain', withAgent('CHECKED', drained)],
  ])('whose agent says %s is left to it, and the report says so', (word, listed) => {
    const { changes, problems } = planned([instance()], listed);
    expect(changes).toEqual([]);
    expect(problems).toContainEqual({
      code: 'held-by-agent',
      backend: 'web',
      slot: 's1',
      hostPort: '10.0.0.1:80',
      instance: 'n1/a',
      word,
    });
  });

  it('is stopped as Consul says, whatever its agent says, and marked, so that a later run starts it again', () => {
    const critical = instance({ health: 'critical' });
    const [stop] = planned([critical], withAgent('CHECKED', { weight: 7 })).changes;
    expect(stop).toMatchObject({ action: 'disable', after: { maxconn: markedMaxconn(5) } });
    const stopped = withAgent('CHECKED', { ...resting, maxconn: markedMaxconn(5) });
    expect(planned([critical], stopped).changes).toEqual([]);
    expect(planned([instance()], stopped).changes.map(printed)).toEqual([
      'enable s1 n1/a 10.0.0.1:80 w1 m5 ready',
    ]);
  });

  it('gets another maxconn while its weight is left to its agent', () => {
    const { changes } = planned([instance()], withAgent('CHECKED', { weight: 7, maxconn: 9 }));
    expect(changes.map(printed)).toEqual(['update s1 n1/a 10.0.0.1:80 w7 m5 ready']);
  });

  it('that its agent drained is free once nobody in Consul is there, and claimed through maintenance', () => {
    const { changes, ranges, heldSlots } = planned(
      [instance({ address: '10.0.0.9' })],
      withAgent('L4CON', drained),
    );
    expect(heldSlots).toEqual([]);
    expect(ranges[0]).toMatchObject({ free: 1 });
    expect(changes).toMatchObject([{ action: 'add', slot: 's1', before: { state: 'drain' } }]);
  });

  it('that an operator drained stays held, though nobody in Consul is there', () => {
    const { changes, heldSlots } = planned(
      [instance({ address: '10.0.0.9' })],
      withAgent('L7OK', drained),
      empty('s2'),
    );
    expect(heldSlots).toEqual([{ slot: 's1', instance: null }]);
    expect(changes).toMatchObject([{ action: 'add', slot: 's2' }]);
  });
});
