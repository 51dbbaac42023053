// The metrics of a run, in CloudWatch's embedded metric format.
import { describe, expect, it } from 'vitest';
import type { RangeReport } from '../../lib/model/report.js';
import { change, invocation, record, reportOf, unchanged } from './rig.js';

describe('the metrics of a run', () => {
  it('are embedded metric format: every metric and dimension named is a member of the line', () => {
    const { recorder, metrics } = record({ namespace: 'Prod' });
    recorder.begin(invocation).finished(reportOf(unchanged));
    expect(metrics()).toHaveLength(3);
    for (const line of metrics()) {
      expect(line._aws).toMatchObject({
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [{ Namespace: 'Prod' }],
      });
      for (const name of metricNames(line)) expect(line[name]).toBeTypeOf('number');
      for (const name of dimensionsOf(line).flat()) expect(line[name]).toMatch(/./);
    }
  });

  it('give the pool by load balancer and backend, and by backend alone', () => {
    const { recorder, metrics } = record();
    recorder.begin(invocation).finished(reportOf(unchanged));
    const line = metrics()[2] ?? {};
    expect(dimensionsOf(line)).toEqual([['LoadBalancer', 'Backend'], ['Backend']]);
    expect(line).toMatchObject({ SlotsInUse: 3, SlotsFree: 2, Ready: 2, Held: 1, Unplaced: 1 });
  });

  it('count as free what the fullest range has; one that HAProxy lacks is full of nothing', () => {
    const { recorder, metrics } = record();
    const [pool] = unchanged.pools;
    const withRanges = (...ranges: readonly RangeReport[]) => ({
      ...unchanged,
      pools: pool ? [{ ...pool, ranges }] : [],
    });
    const full = { prefix: 'irisrv', slots: 200, free: 0 };
    const other = { prefix: 'iritls', slots: 50, free: 50 };
    const absent = { prefix: 'iritlsnv', slots: 0, free: 0 };
    recorder
      .begin(invocation)
      .finished(reportOf(withRanges(other, full), withRanges(absent, other), withRanges(absent)));
    const pools = metrics().filter((line) => 'Backend' in line);
    expect(pools.map(({ SlotsFree }) => SlotsFree)).toEqual([0, 50, undefined]);
  });

  it('count the changes of a load balancer by action, and whether the guard held it back', () => {
    const { recorder, metrics } = record();
    const guarded = { ...unchanged, outcome: 'guarded', changes: [change], error: 'held back' } as const;
    recorder.begin(invocation).finished(reportOf(guarded));
    expect(metrics()[1]).toMatchObject({ Added: 1, Guarded: 1, Failed: 0 });
    // Each of these would be paid for.
    for (const action of ['Updated', 'Enabled', 'Disabled', 'Removed'])
      expect(metrics()[1]).not.toHaveProperty(action);
  });

  it('tell the time from the start of the invocation to applied, of runs that changed something', () => {
    const { recorder, clock, metrics } = record();
    const run = recorder.begin(invocation);
    clock.wall += 250;
    clock.monotonic += 250.4;
    run.finished(reportOf({ ...unchanged, outcome: 'changed', changes: [change] }));
    expect(metrics()[0]).toMatchObject({ StartToApplied: 250, RunDuration: 42, Instances: 3 });
    recorder.begin(invocation).finished(reportOf(unchanged));
    expect(metrics()[3]).not.toHaveProperty('StartToApplied');
  });

  it('are never negative, also when the clock on the wall is set back meanwhile', () => {
    const { recorder, clock, metrics } = record();
    const run = recorder.begin(invocation);
    clock.wall -= 3_600_000;
    clock.monotonic += 250;
    run.finished(reportOf({ ...unchanged, outcome: 'changed', changes: [change] }));
    expect(metrics()[0]).toMatchObject({ StartToApplied: 250 });
    expect(metrics()[0]?._aws).toMatchObject({ Timestamp: 1_700_000_000_000 - 3_600_000 });
  });

  it('count who serves beside who is ready', () => {
    const { recorder, metrics } = record();
    const [pool] = unchanged.pools;
    const down = pool ? [{ ...pool, ready: 2, serving: 0 }] : [];
    recorder.begin(invocation).finished(reportOf({ ...unchanged, pools: down }));
    expect(metrics()[2]).toMatchObject({ Ready: 2, Serving: 0 });
  });

  it('tell the last success only when there was one', () => {
    const { recorder, metrics } = record();
    recorder.begin(invocation).finished(reportOf(unchanged));
    recorder.begin(invocation).failed(new Error('no'));
    recorder.begin(invocation).finished(reportOf({ ...unchanged, outcome: 'failed', error: 'no' }));
    expect(metrics()[0]).toMatchObject({ Succeeded: 1, LastSuccess: 1_700_000_000 });
    for (const line of [metrics()[3], metrics()[4]]) {
      expect(line).toMatchObject({ Succeeded: 0 });
      expect(line).not.toHaveProperty('LastSuccess');
    }
  });

  it('take a run for a success that served every load balancer, though some instances were left out', () => {
    const { recorder, metrics } = record();
    const unplaced = { ...unchanged, error: '1 left out for want of a slot' } as const;
    const guarded = { ...unchanged, outcome: 'guarded', error: 'no leader' } as const;
    recorder.begin(invocation).finished(reportOf(unplaced, guarded));
    recorder.begin(invocation).finished(reportOf(unplaced, { ...guarded, outcome: 'failed' }));
    const runs = metrics().filter((line) => 'Succeeded' in line);
    expect(runs).toMatchObject([{ Succeeded: 1, LastSuccess: 1_700_000_000 }, { Succeeded: 0 }]);
  });

  it('take an event that was covered for a success', () => {
    const { recorder, logs, metrics } = record();
    recorder.begin(invocation).finished({ ...reportOf(), covered: true });
    expect(logs()[0]).toMatchObject({ level: 'INFO', requestId: 'request-1', consulIndex: '4711' });
    expect(metrics()[0]).toMatchObject({ Succeeded: 1, Covered: 1 });
  });
});

interface Embedded {
  readonly CloudWatchMetrics: readonly {
    readonly Dimensions: readonly (readonly string[])[];
    readonly Metrics: readonly { readonly Name: string }[];
  }[];
}

function metricNames(line: Record<string, unknown>): string[] {
  return (line._aws as Embedded).CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
}

function dimensionsOf(line: Record<string, unknown>): (readonly string[])[] {
  return (line._aws as Embedded).CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions);
}
