// A run's report and an recorder whose lines are kept, for the tests of logs and metrics.
import type { MadeChange } from '../../lib/model/change.js';
import type { LoadBalancerReport, PoolReport, Report } from '../../lib/model/report.js';
import { makeRecorder, type RecorderOptions } from '../../lib/telemetry/recorder.js';

export const invocation = { awsRequestId: 'request-1', functionName: 'watch' };
const slot = { address: '10.0.0.1', port: 14265, weight: 1, maxconn: 0, state: 'ready' } as const;
export const change: MadeChange = {
  backend: 'iri_back',
  slot: 'irisrv1',
  instance: 'node-1/iri-1',
  action: 'add',
  before: { ...slot, state: 'maintenance' },
  after: slot,
  reason: 'passing, without a slot',
  result: 'done',
};
const pool: PoolReport = {
  backend: 'iri_back',
  slots: 10,
  free: 7,
  ranges: [
    { prefix: 'irisrv', slots: 4, free: 2 },
    { prefix: 'iritls', slots: 6, free: 5 },
    { prefix: 'iritlsnv', slots: 0, free: 0 },
  ],
  ready: 2,
  serving: 2,
  maintenance: 7,
  held: 1,
  heldSlots: [{ slot: 'irisrv3', instance: null }],
  unplaced: [{ instance: 'node-9/iri-9', reason: 'no slot' }],
};
export const unchanged: LoadBalancerReport = {
  address: 'tcp://10.0.0.5:9999',
  outcome: 'unchanged',
  changes: [],
  pools: [pool],
  warnings: [],
  problems: [],
};

export function reportOf(...loadBalancers: readonly LoadBalancerReport[]): Report {
  const consul = { index: '4711', instances: 3, warnings: [] };
  return { version: 1, consul, problems: [], loadBalancers, durationMs: 42 };
}

export function record(options: Pick<RecorderOptions, 'namespace' | 'build' | 'configuration'> = {}) {
  const written: string[] = [];
  const clock = { wall: 1_700_000_000_000, monotonic: 5_000 };
  const recorder = makeRecorder({
    ...options,
    write: (text) => written.push(text),
    clock: { wallMs: () => clock.wall, monotonicMs: () => clock.monotonic },
  });
  const lines = (): Record<string, unknown>[] =>
    written
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((text) => JSON.parse(text));
  return {
    recorder,
    clock,
    text: () => written.join(''),
    logs: () => lines().filter((line) => !('_aws' in line)),
    metrics: () => lines().filter((line) => '_aws' in line),
  };
}
