// The exit status of plan, apply and status: the first that holds of failed, pending, somebody should look.
import { describe, expect, it } from 'vitest';
import { fleetStatus, reportStatus } from '../../lib/cli/exit-status.js';
import type { MadeChange } from '../../lib/model/change.js';
import { type Problem, reported } from '../../lib/model/problem.js';
import type { LoadBalancerReport, PoolReport, Report } from '../../lib/model/report.js';
import type { Attention, Status } from '../../lib/model/status.js';
import { attention, statusOfFleet } from '../run/status-values.js';

const settings = { address: null, port: 0, weight: 1, maxconn: 0, state: 'maintenance' } as const;
const change: MadeChange = {
  ...{ backend: 'b', slot: 's1', instance: 'n/a', action: 'add', before: settings, after: settings },
  reason: 'passing in Consul',
  result: 'planned',
};
const leftOut: Problem = { code: 'slots-taken', backend: 'b', instance: 'n/z', prefix: 's', slots: 1 };
const filtered: Problem = { code: 'answer-filtered', service: 'iri', tokenName: 'T' };

const pool = (more: Partial<PoolReport> = {}): PoolReport => ({
  ...{ backend: 'b', slots: 1, free: 0, ranges: [], ready: 1, maintenance: 0, held: 0, heldSlots: [] },
  ...{ unplaced: [], serving: 1, ...more },
});

function reportOf(
  more: Partial<LoadBalancerReport>,
  { problems = [], error }: { problems?: readonly Problem[]; error?: string } = {},
): Report {
  const balancer = {
    address: 'lb',
    outcome: 'unchanged',
    changes: [],
    pools: [pool()],
    warnings: [],
  } as const;
  return {
    version: 1,
    consul: { index: '1', instances: 1, warnings: [], ...(error === undefined ? {} : { error }) },
    problems: problems.map(reported),
    loadBalancers: [{ ...balancer, problems: [], ...more }],
    durationMs: 1,
  };
}

const LEFT_OUT = { problems: [reported(leftOut)], error: 'one left out' };
const IDLE = { pools: [pool({ held: 1, heldSlots: [{ slot: 's1', instance: null }] })] };
const HELD = { pools: [pool({ held: 1, heldSlots: [{ slot: 's1', instance: 'n/a' }] })] };
const UNSERVED = { problems: [{ ...reported(filtered), code: 'nobody-serves', level: 'warning' }] };

describe('a run', () => {
  it.each<[string, Report, number, number]>([
    ['in sync', reportOf({}), 0, 0],
    ['with changes', reportOf({ outcome: 'planned', changes: [change] }), 2, 0],
    ['that leaves one out', reportOf(LEFT_OUT), 3, 1],
    ['that leaves one out, with changes', reportOf({ ...LEFT_OUT, changes: [change] }), 2, 1],
    [
      'that leaves out whom no problem names',
      reportOf({ pools: [pool({ unplaced: [{ instance: 'n/z', reason: 'x' }] })] }),
      3,
      3,
    ],
    ['with a slot in drain for nobody', reportOf(IDLE), 3, 3],
    ['with a slot in drain for somebody', reportOf(HELD), 0, 0],
    ['of a pool that serves nobody', reportOf(UNSERVED as unknown as Partial<LoadBalancerReport>), 3, 3],
    [
      'that was held back',
      reportOf({ outcome: 'guarded', problems: [reported(filtered)], error: 'no' }),
      1,
      1,
    ],
    [
      'that was held back, with changes',
      reportOf({ outcome: 'guarded', changes: [change], problems: [reported(filtered)], error: 'no' }),
      1,
      1,
    ],
    ['that failed at a load balancer', reportOf({ outcome: 'failed', error: 'connect' }), 1, 1],
    ['that does not know every load balancer', reportOf({}, { error: 'service lb: …' }), 1, 1],
  ])('%s exits as it should', (_what, report, planned, applied) => {
    expect([reportStatus(report, 'plan'), reportStatus(report, 'apply')]).toEqual([planned, applied]);
  });
});

describe('the fleet', () => {
  const status = (levels: readonly Attention['level'][], rest: Partial<Status> = {}): Status =>
    statusOfFleet({ lb: [] }, { attention: levels.map((level) => attention({ level })), ...rest });
  const untold = { index: null, instances: null, names: {}, error: 'consul: no answer' };
  const down = { address: 'lb', state: 'down', slots: [], pools: [], error: 'connect' } as const;

  it.each<[string, Status, number]>([
    ['in which all serve', status([]), 0],
    ['with something worth knowing', status(['note']), 0],
    ['with somebody held for nobody', status(['note', 'look']), 3],
    ['that is held back', status(['look', 'failed']), 1],
    ['with one that cannot be read', status([], { loadBalancers: [down] }), 1],
    ['of which Consul does not tell', status(['look'], { consul: untold }), 1],
    ['with changes pending', status([], { pending: { count: 3, changes: [], unknownOn: [] } }), 0],
  ])('%s exits as it should', (_what, of, exit) => {
    expect(fleetStatus(of)).toBe(exit);
  });
});
