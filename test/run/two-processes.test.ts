// Two HAProxy processes at one address are told by what they say of themselves; one that is slow to be asked is one.
import { describe, expect, it } from 'vitest';
import type { ProcessInfo } from '../../lib/model/server.js';
import { makeProcesses } from '../../lib/run/two-processes.js';

const first: ProcessInfo = {
  ...{ version: '2.6.12', pid: 1, uptimeSeconds: 100, node: 'lb', stopping: false },
  ...{ startedAt: 1_000, counters: [10, 20, 0, 3_000] },
};

function meetBoth(second: Partial<ProcessInfo>, atMs = 5_000) {
  const processes = makeProcesses();
  expect(processes.meet('tcp://lb:1', first, 1_000)).toEqual([]);
  return processes.meet('tcp://lb:1', { ...first, ...second }, atMs);
}

describe('a process at the same address', () => {
  it.each<[string, Partial<ProcessInfo>]>([
    ['with another pid', { pid: 2, uptimeSeconds: 104 }],
    ['of another container that has the same pid, and began at another time', { startedAt: 1_001 }],
    ['that began in the same second, and has counted less', { counters: [9, 20, 0, 3_000] }],
  ])('%s is another one', (_what, second) => {
    expect(meetBoth(second)).toMatchObject([{ code: 'two-processes', pid: 1 }]);
  });

  it('that does not say when it began, and is older than it can be, is another one', () => {
    const { startedAt: _, ...silent } = first;
    const processes = makeProcesses();
    processes.meet('tcp://lb:1', silent, 1_000);
    const found = processes.meet('tcp://lb:1', { ...silent, uptimeSeconds: 200 }, 5_000);
    expect(found).toMatchObject([{ code: 'two-processes' }]);
  });

  it.each<[string, Partial<ProcessInfo>]>([
    ['that is the same, and went on', { uptimeSeconds: 104, counters: [11, 25, 0, 9_000] }],
    ['whose uptime says little, since its answer waited for somebody', { uptimeSeconds: 91 }],
    ['that began since', { pid: 2, startedAt: 1_103, uptimeSeconds: 1, counters: [1, 1, 0, 10] }],
    ['that is being replaced', { pid: 2, stopping: true }],
  ])('%s is no other', (_what, second) => {
    expect(meetBoth(second)).toEqual([]);
  });

  it('that was read earlier, by a run that took longer, says nothing', () => {
    expect(meetBoth({ uptimeSeconds: 99, counters: [9, 19, 0, 2_000] }, 500)).toEqual([]);
  });
});
