// Logs and metrics of a run: what CloudWatch gets, line by line.
import { describe, expect, it } from 'vitest';
import { makeObserver } from '../../lib/observe/observer.js';
import type { LoadBalancerReport, PoolReport, Report, ReportedChange } from '../../lib/report.js';

const invocation = { awsRequestId: 'request-1', functionName: 'watch' };
const slot = { address: '10.0.0.1', port: 14265, weight: 1, maxconn: 0, state: 'ready' } as const;
const change: ReportedChange = {
  backend: 'iri_back',
  slot: 'irisrv1',
  instance: 'node-1/iri-1',
  action: 'add',
  before: { ...slot, state: 'maintenance' },
  after: slot,
  reason: 'passing, without a slot',
};
const pool: PoolReport = {
  backend: 'iri_back',
  slots: 10,
  free: 7,
  ready: 2,
  maintenance: 7,
  held: 1,
  heldSlots: [{ slot: 'irisrv3', instance: null }],
  unplaced: [{ instance: 'node-9/iri-9', reason: 'no slot' }],
};
const unchanged: LoadBalancerReport = {
  address: 'tcp://10.0.0.5:9999',
  outcome: 'unchanged',
  changes: [],
  pools: [pool],
  warnings: [],
};

function reportOf(...loadBalancers: readonly LoadBalancerReport[]): Report {
  return { version: 1, consul: { index: '4711', instances: 3, warnings: [] }, loadBalancers, durationMs: 42 };
}

function observe(options: { namespace?: string } = {}) {
  const written: string[] = [];
  const clock = { now: 1_700_000_000_000 };
  const observer = makeObserver({ ...options, write: (text) => written.push(text), now: () => clock.now });
  const lines = (): Record<string, unknown>[] =>
    written
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((text) => JSON.parse(text));
  return {
    observer,
    clock,
    text: () => written.join(''),
    logs: () => lines().filter((line) => !('_aws' in line)),
    metrics: () => lines().filter((line) => '_aws' in line),
  };
}

describe('the log of a run', () => {
  it('is one line per change and one for the run, all with request id and Consul index', () => {
    const { observer, logs } = observe();
    const changed = { ...unchanged, outcome: 'changed', changes: [change, change] } as const;
    observer.begin(invocation).finished(reportOf(changed));

    expect(logs().map(({ message }) => message)).toEqual([
      'add iri_back/irisrv1',
      'add iri_back/irisrv1',
      'run changed',
    ]);
    for (const line of logs())
      expect(line).toMatchObject({ requestId: 'request-1', functionName: 'watch', consulIndex: '4711' });
    expect(logs()[0]).toMatchObject({ level: 'INFO', loadBalancer: 'tcp://10.0.0.5:9999', ...change });
    expect(logs()[2]).toMatchObject({ level: 'INFO', durationMs: 42, changes: { add: 2, remove: 0 } });
  });

  it('has the time and level under the names that Lambda filters by', () => {
    const { observer, logs } = observe();
    observer.begin(invocation).finished(reportOf(unchanged));
    expect(logs()[0]).toMatchObject({ timestamp: '2023-11-14T22:13:20.000Z', level: 'INFO' });
  });

  it('is an error when any load balancer failed, and says why', () => {
    const { observer, logs } = observe();
    const failed = { ...unchanged, outcome: 'failed', error: 'haproxy: no prompt' } as const;
    observer.begin(invocation).finished(reportOf(unchanged, failed));
    expect(logs()[0]).toMatchObject({
      level: 'ERROR',
      message: 'run failed',
      errors: ['haproxy: no prompt'],
    });
  });

  it('is a warning when there was one, and shows at most twenty', () => {
    const { observer, logs } = observe();
    const warnings = Array.from({ length: 25 }, (_, index) => `weight of ${index}`);
    observer.begin(invocation).finished(reportOf({ ...unchanged, warnings }, { ...unchanged, warnings }));
    expect(logs()[0]).toMatchObject({ level: 'WARN' });
    expect(logs()[0]?.warnings).toEqual([...warnings.slice(0, 20), 'and 5 more']);
  });

  it('keeps nothing of an error but its message', () => {
    const { observer, logs, text } = observe();
    const error = Object.assign(new Error('service iri: 403'), { response: { headers: 'hunter2' } });
    observer.begin(invocation).failed(Object.assign(error, { cause: new Error('hunter2') }));
    expect(logs()[0]).toMatchObject({ level: 'ERROR', message: 'run failed', errors: ['service iri: 403'] });
    expect(text()).not.toMatch(/hunter2|observe\.test/);
  });

  it('stays one line whatever a text holds', () => {
    const { observer, logs } = observe();
    observer
      .begin(invocation)
      .finished(reportOf({ ...unchanged, warnings: ['a\nb\r\u2028c', 'd'.repeat(1e5)] }));
    expect(logs()).toHaveLength(1);
    expect(JSON.stringify(logs()[0]).length).toBeLessThan(4_000);
  });

  it('names the invocation in what is said in passing', () => {
    const { observer, logs } = observe();
    observer.warn('before');
    observer.begin(invocation);
    observer.warn('during');
    expect(logs()[0]).not.toHaveProperty('requestId');
    expect(logs()[1]).toMatchObject({ level: 'WARN', message: 'during', requestId: 'request-1' });
  });

  it('tells the first invocation of an environment from the others', () => {
    const { observer, logs } = observe();
    observer.begin(invocation).finished(reportOf(unchanged));
    observer.begin(invocation).finished(reportOf(unchanged));
    expect(logs().map(({ coldStart }) => coldStart)).toEqual([true, false]);
  });
});

describe('the metrics of a run', () => {
  it('are embedded metric format: every metric and dimension named is a member of the line', () => {
    const { observer, metrics } = observe({ namespace: 'Prod' });
    observer.begin(invocation).finished(reportOf(unchanged));
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
    const { observer, metrics } = observe();
    observer.begin(invocation).finished(reportOf(unchanged));
    const line = metrics()[2] ?? {};
    expect(dimensionsOf(line)).toEqual([['LoadBalancer', 'Backend'], ['Backend']]);
    expect(line).toMatchObject({ SlotsInUse: 3, SlotsFree: 7, Ready: 2, Held: 1, Unplaced: 1 });
  });

  it('count the changes of a load balancer by action, and whether the guard held it back', () => {
    const { observer, metrics } = observe();
    const guarded = { ...unchanged, outcome: 'guarded', changes: [change], error: 'held back' } as const;
    observer.begin(invocation).finished(reportOf(guarded));
    expect(metrics()[1]).toMatchObject({ Added: 1, Guarded: 1, Failed: 0 });
    // Each of these would be paid for.
    for (const action of ['Updated', 'Enabled', 'Disabled', 'Removed'])
      expect(metrics()[1]).not.toHaveProperty(action);
  });

  it('tell the lag from the start of the invocation, of runs that changed something', () => {
    const { observer, clock, metrics } = observe();
    const run = observer.begin(invocation);
    clock.now += 250;
    run.finished(reportOf({ ...unchanged, outcome: 'changed', changes: [change] }));
    expect(metrics()[0]).toMatchObject({ CatalogToApplied: 250, RunDuration: 42, Instances: 3 });
    observer.begin(invocation).finished(reportOf(unchanged));
    expect(metrics()[3]).not.toHaveProperty('CatalogToApplied');
  });

  it('tell the last success only when there was one', () => {
    const { observer, metrics } = observe();
    observer.begin(invocation).finished(reportOf(unchanged));
    observer.begin(invocation).failed(new Error('no'));
    observer.begin(invocation).finished(reportOf({ ...unchanged, outcome: 'failed', error: 'no' }));
    expect(metrics()[0]).toMatchObject({ Succeeded: 1, LastSuccess: 1_700_000_000 });
    for (const line of [metrics()[3], metrics()[4]]) {
      expect(line).toMatchObject({ Succeeded: 0 });
      expect(line).not.toHaveProperty('LastSuccess');
    }
  });

  it('take an event that was covered for a success', () => {
    const { observer, logs, metrics } = observe();
    observer.begin(invocation).finished({ ...reportOf(), covered: true });
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
