// A report for people: what was made, what was refused or skipped and why, who serves, what is held for nobody.
import { expect, it } from 'vitest';
import { reportLines } from '../../lib/cli/report-text.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';

const before = { address: null, port: 0, weight: 1, maxconn: 0, state: 'maintenance' } as const;
const after = { address: '10.0.0.1', port: 80, weight: 2, maxconn: 0, state: 'ready' } as const;
const change = {
  ...{
    backend: 'web',
    slot: 's1',
    instance: 'n/a',
    action: 'add',
    before,
    after,
    reason: 'passing in Consul',
  },
} as const;
const pool = {
  ...{
    backend: 'web',
    slots: 9,
    free: 5,
    ranges: [],
    ready: 3,
    serving: 3,
    maintenance: 5,
    held: 0,
    heldSlots: [],
    unplaced: [],
  },
};

/** The lines of one load balancer. */
function lines(more: object): string[] {
  const balancer = {
    ...{ address: 'lb', outcome: 'changed', changes: [], pools: [pool], warnings: [], problems: [] },
    ...more,
  } as unknown as LoadBalancerReport;
  const consul = { index: '7', instances: 4, warnings: [] };
  const report: Report = { version: 1, consul, problems: [], loadBalancers: [balancer], durationMs: 5 };
  return reportLines(report);
}

const MADE =
  'add     web/s1  n/a  → 10.0.0.1:80, weight 1 → 2, state maintenance → ready  (passing in Consul)';

it('says what became of each change, and counts those that were made', () => {
  const changes = [
    { ...change, result: 'done' },
    { ...change, result: 'failed', error: 'No such server.\u001b[2J' },
    { ...change, result: 'skipped', error: 'it is in drain by now' },
  ];
  expect(lines({ changes })).toEqual([
    `lb  ${MADE}`,
    `lb  FAILED ${MADE}: No such server.\\u001b[2J`,
    `lb  skipped ${MADE}: it is in drain by now`,
    'lb  changed (1 of 3), 4 instances at index 7, 5 ms; web 3 ready, 5 in maintenance (5 free)',
  ]);
});

it('says planned changes as they are', () => {
  expect(lines({ outcome: 'planned', changes: [{ ...change, result: 'planned' }, change] })).toEqual([
    `lb  ${MADE}`,
    `lb  ${MADE}`,
    expect.stringContaining('changes pending (2), 4 instances'),
  ]);
});

it('says how many serve where that is not all who are ready, and which slots are held for nobody', () => {
  expect(lines({ pools: [{ ...pool, serving: 3 }] })[0]).not.toContain('serve');
  const heldSlots = [
    { slot: 's4', instance: null },
    { slot: 's5', instance: 'n/b' },
  ];
  expect(lines({ pools: [{ ...pool, serving: 1, held: 2, heldSlots }] })[0]).toContain(
    'web 3 ready, 1 of them serve, 5 in maintenance (5 free), 2 held in drain, for nobody: s4',
  );
});
