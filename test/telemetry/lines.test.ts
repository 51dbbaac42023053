// The log of a run: what CloudWatch gets, line by line.
import { describe, expect, it } from 'vitest';
import { change, invocation, record, reportOf, unchanged } from './rig.js';

describe('the log of a run', () => {
  it('is one line per change and one for the run, all with request id and Consul index', () => {
    const { recorder, logs } = record();
    const changed = { ...unchanged, outcome: 'changed', changes: [change, change] } as const;
    recorder.begin(invocation).finished(reportOf(changed));

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

  it('has what the history needs: build, configuration, lag, who is held and whose failure it was', () => {
    const { recorder, logs, clock } = record({ build: '0.1.0 abc', configuration: () => '0123456789ab' });
    const run = recorder.begin(invocation);
    clock.monotonic += 37.4;
    const failed = {
      ...unchanged,
      error: 'consul: no leader',
      changes: [change],
      problems: [{ code: 'consul-failed' }] as unknown as typeof unchanged.problems,
    };
    run.finished(reportOf(failed, unchanged));
    expect(logs()[0]).toMatchObject({ startToAppliedMs: 37 });
    const of = { address: 'tcp://10.0.0.5:9999', outcome: 'unchanged' };
    const heldSlots = { iri_back: [{ slot: 'irisrv3', instance: null }] };
    expect(logs()[1]).toMatchObject({
      build: '0.1.0 abc',
      configuration: '0123456789ab',
      loadBalancers: [
        { ...of, changes: 1, error: 'consul: no leader', consulFailed: true, heldSlots },
        { ...of, changes: 0, heldSlots },
      ],
    });
  });

  it('names nobody who is held where they are too many for a line', () => {
    const { recorder, logs } = record();
    const pools = unchanged.pools.map((pool) => ({ ...pool, held: 51 }));
    recorder.begin(invocation).finished(reportOf({ ...unchanged, pools }));
    expect(logs()[0]?.loadBalancers).toEqual([
      { address: 'tcp://10.0.0.5:9999', outcome: 'unchanged', changes: 0 },
    ]);
  });

  it('has the time and level under the names that Lambda filters by', () => {
    const { recorder, logs } = record();
    recorder.begin(invocation).finished(reportOf(unchanged));
    expect(logs()[0]).toMatchObject({ timestamp: '2023-11-14T22:13:20.000Z', level: 'INFO' });
  });

  it('is an error when any load balancer failed, and says why', () => {
    const { recorder, logs } = record();
    const failed = { ...unchanged, outcome: 'failed', error: 'haproxy: no prompt' } as const;
    recorder.begin(invocation).finished(reportOf(unchanged, failed));
    expect(logs()[0]).toMatchObject({
      level: 'ERROR',
      message: 'run failed',
      errors: ['haproxy: no prompt'],
    });
  });

  it('is a warning when there was one, and shows at most twenty', () => {
    const { recorder, logs } = record();
    const warnings = Array.from({ length: 25 }, (_, index) => `weight of ${index}`);
    recorder.begin(invocation).finished(reportOf({ ...unchanged, warnings }, { ...unchanged, warnings }));
    expect(logs()[0]).toMatchObject({ level: 'WARN' });
    expect(logs()[0]?.warnings).toEqual([...warnings.slice(0, 20), 'and 5 more']);
  });

  it('keeps nothing of an error but its message', () => {
    const { recorder, logs, text } = record();
    const error = Object.assign(new Error('service iri: 403'), { response: { headers: 'hunter2' } });
    recorder.begin(invocation).failed(Object.assign(error, { cause: new Error('hunter2') }));
    expect(logs()[0]).toMatchObject({ level: 'ERROR', message: 'run failed', errors: ['service iri: 403'] });
    expect(text()).not.toMatch(/hunter2|observe\.test/);
  });

  it('stays one line whatever a text holds', () => {
    const { recorder, logs } = record();
    recorder
      .begin(invocation)
      .finished(reportOf({ ...unchanged, warnings: ['a\nb\r\u2028c', 'd'.repeat(1e5)] }));
    expect(logs()).toHaveLength(1);
    expect(JSON.stringify(logs()[0]).length).toBeLessThan(4_000);
  });

  it('names the invocation in what is said in passing', () => {
    const { recorder, logs } = record();
    recorder.warn('before');
    recorder.begin(invocation);
    recorder.warn('during');
    expect(logs()[0]).not.toHaveProperty('requestId');
    expect(logs()[1]).toMatchObject({ level: 'WARN', message: 'during', requestId: 'request-1' });
  });

  it('tells the first invocation of an environment from the others', () => {
    const { recorder, logs } = record();
    recorder.begin(invocation).finished(reportOf(unchanged));
    recorder.begin(invocation).finished(reportOf(unchanged));
    expect(logs().map(({ coldStart }) => coldStart)).toEqual([true, false]);
  });
});
