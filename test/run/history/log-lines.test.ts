// The functions' log lines as a history: what is written there is what is read here.
import { describe, expect, it } from 'vitest';
import type { Report } from '../../../lib/model/report.js';
import { logReader } from '../../../lib/run/history/log-lines.js';
import { makeRecorder } from '../../../lib/telemetry/recorder.js';
import { changed, held, LB, report } from './facts.js';

const START = Date.parse('2026-11-28T02:00:00.000Z');
const place = { loadBalancer: LB, backend: 'iri_back', slot: 'irisrv3', instance: 'n3/iri-1' };

/** What functions log, a minute after another, in lines. */
function functions() {
  const lines: string[] = [];
  const clock = { wall: START, monotonic: 0 };
  let configuration = 'aaaaaaaaaaaa';
  let requests = 0;
  const recorder = makeRecorder({
    write: (text) => lines.push(...text.trimEnd().split('\n')),
    clock: { wallMs: () => clock.wall, monotonicMs: () => clock.monotonic },
    build: '0.1.0 abc',
    configuration: () => configuration,
  });
  const begin = (functionName: string) => {
    clock.wall += 60_000;
    requests += 1;
    const run = recorder.begin({ awsRequestId: `r${requests}`, functionName });
    clock.monotonic += 40;
    return run;
  };
  return {
    lines,
    clock,
    configure: (fingerprint: string) => {
      configuration = fingerprint;
    },
    run: (made: Report, functionName = 'iri-lb-resync') => begin(functionName).finished(made),
    fail: (error: Error) => begin('iri-lb-resync').failed(error),
  };
}

const consulDown = report(
  { error: 'consul: no leader', problems: [{ code: 'consul-failed', text: 'consul: no leader' }] as never },
  { index: '0' },
);

describe('log lines', () => {
  it('tell changes with lag and trigger, failures, Consul, drains and configurations', () => {
    const { lines, run, fail, configure } = functions();
    run(report({}));
    run(report({ changes: [changed('irisrv1'), changed('irisrv2')] }), 'iri-lb-watch');
    run(report({ pools: held({ irisrv3: 'n3/iri-1' }) }));
    run(consulDown);
    run(report({ error: 'haproxy: no prompt', pools: held({}) }));
    fail(new Error('HAPROXY_ADDRESSES: names no address'));
    configure('bbbbbbbbbbbb');
    run(report({}));
    const reader = logReader(START);
    const events = lines.flatMap((line) => reader.add(line));
    const lag = { ms: 40, from: 'function-start' };
    expect(events).toMatchObject([
      {
        at: '2026-11-28T02:02:00.000Z',
        kind: 'change',
        slot: 'irisrv1',
        loadBalancer: LB,
        trigger: 'watch',
        lag,
      },
      { kind: 'change', ...changed('irisrv2'), trigger: 'watch', lag },
      { at: '2026-11-28T02:03:00.000Z', kind: 'drained', ...place },
      { at: '2026-11-28T02:04:00.000Z', kind: 'consul-lost', error: 'consul: no leader' },
      { at: '2026-11-28T02:04:00.000Z', kind: 'undrained', ...place },
      { at: '2026-11-28T02:05:00.000Z', kind: 'consul-back' },
      { kind: 'runs-failing', loadBalancer: LB, errors: ['haproxy: no prompt'] },
      {
        at: '2026-11-28T02:06:00.000Z',
        kind: 'runs-failing',
        errors: ['HAPROXY_ADDRESSES: names no address'],
      },
      { kind: 'configuration-changed', before: 'aaaaaaaaaaaa', after: 'bbbbbbbbbbbb' },
      { kind: 'runs-well', loadBalancer: LB },
      { kind: 'runs-well' },
    ]);
    expect(reader.cover()).toEqual({
      from: '2026-11-28T02:01:00.000Z',
      until: '2026-11-28T02:07:00.000Z',
      gaps: [],
    });
  });

  it('before the time that is asked for say only what was so already', () => {
    const { lines, run } = functions();
    run(report({ error: 'haproxy: no prompt' }));
    run(report({ error: 'haproxy: no prompt' }));
    run(report({}));
    const reader = logReader(START + 90_000);
    expect(lines.flatMap((line) => reader.add(line))).toMatchObject([
      { at: '2026-11-28T02:03:00.000Z', kind: 'runs-well', since: '2026-11-28T02:01:00.000Z' },
    ]);
  });

  it('cover the time of runs that had nothing to do, and no other', () => {
    const { lines, clock, run } = functions();
    run(report({}));
    run({ ...report({}), covered: true, loadBalancers: [] });
    clock.wall += 600_000;
    run(report({}));
    const reader = logReader(START);
    for (const line of lines) reader.add(line);
    expect(reader.cover()).toEqual({
      from: '2026-11-28T02:01:00.000Z',
      until: '2026-11-28T02:13:00.000Z',
      gaps: [{ from: '2026-11-28T02:02:00.000Z', until: '2026-11-28T02:13:00.000Z', reason: 'nothing ran' }],
    });
  });

  it('of others are passed over, also where they look like ours', () => {
    const reader = logReader(START);
    const at = '"timestamp":"2026-11-28T02:01:00.000Z"';
    for (const line of [
      '',
      'START RequestId: 1',
      'null',
      '[]',
      `{${at},"message":"run away","requestId":"1","loadBalancers":[null,{"address":1},{"address":"x","heldSlots":{"b":7}}]}`,
      `{${at},"message":"run failed","requestId":"1","errors":7}`,
      `{"timestamp":"x","message":"run changed"}`,
      `{${at},"message":"add a/b","action":"add","requestId":"2","result":"done","after":{}}`,
      `{${at},"message":"run changed","requestId":"2","loadBalancers":[{"address":"x"}]}`,
    ])
      expect(() => reader.add(line)).not.toThrow();
  });
});
