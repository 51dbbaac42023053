// A run for people: what was made, refused or skipped and why, the same on several once, and what was verified.
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { appliedLines } from '../../lib/cli/report-text.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';

const before = { address: '0.0.0.0', port: 1, weight: 1, maxconn: 0, state: 'maintenance' } as const;
const after = { address: '10.0.0.1', port: 80, weight: 2, maxconn: 5, state: 'ready' } as const;
const base = { backend: 'web', slot: 's1', instance: 'n/a', reason: 'passing in Consul' };
const add = { ...base, action: 'add', before, after, result: 'done' };
const pool = {
  ...{ backend: 'web', slots: 9, free: 5, ranges: [], ready: 3, serving: 3, maintenance: 5, held: 0 },
  ...{ heldSlots: [], unplaced: [] },
};

/** The lines of load balancers that are each like this, in names of one letter. */
function lines(each: readonly object[], columns?: number): string[] {
  const loadBalancers = each.map((more, at) => ({
    ...{ address: 'abcd'[at], outcome: 'changed', changes: [], pools: [pool], warnings: [], problems: [] },
    ...more,
  })) as unknown as readonly LoadBalancerReport[];
  const consul = { index: '7', instances: 4, warnings: [] };
  const report: Report = { version: 1, consul, problems: [], loadBalancers, durationMs: 5 };
  return appliedLines(report, { paint: pc.createColors(false), columns });
}

const ADDED = 's1  n/a  free → 10.0.0.1:80, weight 2, maxconn 5  (passing in Consul)';

describe('the lines of apply', () => {
  it('say what became of each change, and count those that were made', () => {
    const changes = [
      add,
      { ...add, slot: 's2', result: 'failed', error: 'No such server.\u001b[2J' },
      { ...add, slot: 's3', result: 'skipped', error: 'it is in drain by now' },
    ];
    expect(lines([{ changes }])).toEqual([
      'Consul lists 4 instances at index 7.',
      'web',
      `  + ${ADDED}`,
      `  + FAILED ${ADDED.replace('s1', 's2')}`,
      '      No such server.\\u001b[2J',
      `  + skipped ${ADDED.replace('s1', 's3')}`,
      '      it is in drain by now',
      '  serving 3, 5 of 9 slots free',
      '',
      'Applied: 1 added, 0 changed, 0 removed; 2 unchanged. 1 FAILED. 1 skipped. Verified by reading back.',
    ]);
  });

  it('say before and after of what differs, and nothing else', () => {
    const ready = { ...after, state: 'ready' };
    const out = { ...ready, state: 'maintenance' };
    const changes = [
      { ...base, action: 'update', before: ready, after: { ...ready, weight: 7 }, reason: 'weight 2, not 7' },
      { ...base, action: 'enable', before: out, after: { ...ready, maxconn: 0 } },
      { ...base, action: 'disable', before: ready, after: out, reason: 'critical in Consul' },
      { ...base, action: 'remove', instance: null, before: ready, after: out, reason: 'nobody is there' },
    ].map((change) => ({ ...change, result: 'done' }));
    expect(lines([{ changes }]).slice(2, 6)).toEqual([
      '  ~ s1  n/a  10.0.0.1:80, weight 2 → 7  (weight 2, not 7)',
      '  + s1  n/a  10.0.0.1:80, maxconn 5 → 0, maintenance → ready  (passing in Consul)',
      '  - s1  n/a  10.0.0.1:80, ready → maintenance  (critical in Consul)',
      '  - s1  -  10.0.0.1:80 → free  (nobody is there)',
    ]);
  });

  it.each<[string, readonly boolean[], string]>([
    ['both', [true, true], `  + ${ADDED} on both`],
    ['all', [true, true, true, true], `  + ${ADDED} on all 4`],
    ['most', [true, false, true, true], `  + ${ADDED} on 3 of 4, not on b`],
    ['two', [true, false, true, false], `  + ${ADDED} on a and c`],
    ['one', [false, true], `  + ${ADDED} on b`],
  ])('tell what is the same on %s of them once', (_what, has, line) => {
    const each = has.map((changed) => ({ changes: changed ? [add] : [] }));
    expect(lines(each).filter((text) => text.includes('n/a'))).toEqual([line]);
    expect(lines(each).at(-1)).toMatch(/^Applied: 1 added, /);
  });

  it('count those who stay on the fullest, and name those that were not verified', () => {
    const failed = { outcome: 'failed', pools: [], error: 'no' };
    const last = lines([{ changes: [add] }, failed]).at(-1);
    expect(last).toBe(
      'Applied: 1 added, 0 changed, 0 removed; 2 unchanged. Verified by reading back on a. Not as Consul says on b.',
    );
  });

  it('say who is held, for nobody, and who has no slot', () => {
    const heldSlots = [
      { slot: 's4', instance: null },
      { slot: 's5', instance: 'n/b' },
    ];
    const unplaced = [{ instance: 'n/z', reason: 'x' }];
    const held = { ...pool, serving: 1, held: 2, heldSlots, unplaced };
    expect(lines([{ pools: [held], outcome: 'unchanged' }])).toEqual([
      'Consul lists 4 instances at index 7.',
      'web',
      '  serving 1, 5 of 9 slots free, 2 held in drain, for nobody: s4, 1 without a slot',
      '',
      'Applied: nothing changed; 3 unchanged. Verified by reading back.',
    ]);
  });

  it.each([20, 40, 60, 80])('fit %i columns, and lose nothing but parts of words at that', (columns) => {
    const text = lines([{ changes: [add] }, { changes: [add] }], columns);
    for (const line of text) expect(line.length).toBeLessThanOrEqual(columns);
    if (columns >= 40)
      expect(text.join(' ').replace(/\s+/g, ' ')).toContain(`${ADDED.replace(/\s+/g, ' ')} on both`);
  });
});
