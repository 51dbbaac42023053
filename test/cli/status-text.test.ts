// What people are shown of large fleets: it fits, says what it leaves out, and marks what changed.
import { describe, expect, it } from 'vitest';
import { widthOf } from '../../lib/cli/screen.js';
import { rowsOf } from '../../lib/cli/status-rows.js';
import { statusLines } from '../../lib/cli/status-text.js';
import type { SlotStatus, Status } from '../../lib/model/status.js';
import { attention, instanceStatus, plainView, slotStatus, statusOfFleet } from '../run/status-values.js';

const COUNT = 2_000;
const LBS = ['tcp://10.9.0.1:9999', 'tcp://10.9.0.2:9999'] as const;

const addressOf = (at: number): string => `10.1.${at >> 8}.${at & 255}`;
const labelOf = (at: number): string => `node-${at % 20}/iri-${at}`;

/** Everybody is served by both; `change` makes it otherwise on the second. */
function largeFleet(change: (slot: SlotStatus, at: number) => SlotStatus = (slot) => slot): Status {
  const slots = Array.from({ length: COUNT }, (_, at) =>
    slotStatus({ slot: `s${at}`, instance: labelOf(at), address: addressOf(at) }),
  );
  return statusOfFleet(
    { [LBS[0]]: slots, [LBS[1]]: slots.map(change) },
    {
      instances: slots.map((_, at) =>
        instanceStatus({
          ...{
            instance: labelOf(at),
            address: `${addressOf(at)}:14265`,
            leadsTo: [`${addressOf(at)}:14265`],
          },
        }),
      ),
    },
  );
}

describe('two thousand instances', () => {
  it('take no row each while all is well', () => {
    const lines = statusLines(largeFleet(), plainView({ columns: 80 }));
    expect(lines.length).toBeLessThan(24);
    expect(lines.at(-1)).toBe('2,000 are well; --all shows them');
  });

  it.each([40, 80, 200])('fit %d columns, all of them', (columns) => {
    const lines = statusLines(largeFleet(), plainView({ columns, all: true, wide: true }));
    expect(lines.length).toBeGreaterThan(COUNT);
    expect(lines.filter((line) => widthOf(line) > columns)).toEqual([]);
  });

  it('are shown as far as they need a look, up to a bound that is told', () => {
    const one = largeFleet((slot, at) => (at === 7 ? { ...slot, state: 'drain' } : slot));
    expect(statusLines(one, plainView({ columns: 80 })).slice(-2)).toEqual([
      expect.stringMatching(/^node-7\/iri-7 +drain on 10\.9\.0\.2 \| serving on 10\.9\.0\.1/),
      '1,999 more are well; --all shows them',
    ]);
    const all = largeFleet((slot) => ({ ...slot, status: 'DOWN' }));
    const lines = statusLines(all, plainView({ columns: 80 }));
    expect(lines.at(-1)).toBe('1,980 more need a look; --all shows them');
    expect(lines.filter((line) => line.includes('DOWN on'))).toHaveLength(20);
  });

  it('that differ are told as a few, and how many more', () => {
    const many = Array.from({ length: COUNT }, (_, at) =>
      attention({ code: 'differs', text: `b ${addressOf(at)}` }),
    );
    const status = { ...largeFleet(), attention: many };
    expect(statusLines(status, plainView())).toContain('  and 1,995 more like these');
    expect(statusLines(status, plainView({ all: true })).join('\n')).not.toContain('more like these');
  });
});

describe('a row', () => {
  const rowsWith = (one: readonly SlotStatus[], two: readonly SlotStatus[], more: Partial<Status> = {}) =>
    rowsOf(statusOfFleet({ [LBS[0]]: one, [LBS[1]]: two }, more));

  it.each<[string, Partial<SlotStatus>, boolean]>([
    ['that serve in the same way', {}, false],
    ['with other sessions and times', { sessions: 9, running: 9, since: null, status: 'UP 1/3' }, false],
    ['in another slot', { slot: 's2' }, true],
    ['of another weight', { weight: 9 }, true],
    ['in drain', { state: 'drain' }, true],
    ['that are DOWN', { status: 'DOWN' }, true],
  ])('of servers %s needs a look: %s', (_what, fields, needsLook) => {
    expect(rowsWith([slotStatus()], [slotStatus(fields)])).toMatchObject([{ instance: 'n1/a', needsLook }]);
  });

  it('is one for all backends that do the same with an instance', () => {
    const slots = [slotStatus(), slotStatus({ backend: 'c' })];
    const pools = ['b', 'c'].map((backend) => ({
      ...statusOfFleet({ lb: [] }).loadBalancers[0]?.pools[0],
      backend,
    }));
    const status = statusOfFleet(
      { [LBS[0]]: slots },
      { instances: [instanceStatus({ backends: ['b', 'c'] })] },
    );
    const loadBalancers = status.loadBalancers.map((one) => ({ ...one, pools: pools as typeof one.pools }));
    expect(rowsOf({ ...status, loadBalancers })).toMatchObject([{ backends: ['b', 'c'] }]);
  });

  it('says of whom no pool selects that it is so, and of a host name that leads nowhere that it is not known', () => {
    expect(rowsWith([], [], { instances: [instanceStatus({ backends: [] })] })).toMatchObject([
      { backends: [], cells: [], needsLook: false },
    ]);
    expect(rowsWith([], [], { instances: [instanceStatus({ leadsTo: [] })] })).toMatchObject([
      { cells: ['unknown', 'unknown'], needsLook: true },
    ]);
  });

  it('is of nobody where a slot is ready for nobody, and there is none for a free one', () => {
    const nobody = slotStatus({ instance: null, address: '10.0.0.9' });
    const kept = { ...nobody, state: 'maintenance' } as const;
    expect(rowsWith([nobody], [], { instances: [] })).toMatchObject([{ instance: null, needsLook: true }]);
    expect(rowsWith([kept], [kept], { instances: [] })).toEqual([]);
  });

  it('is one for a host name whose addresses are served, each on another load balancer', () => {
    const other = slotStatus({ slot: 's2', address: '10.0.0.2' });
    const leadsTo = ['10.0.0.1:14265', '10.0.0.2:14265'];
    const rows = rowsWith([slotStatus()], [other], { instances: [instanceStatus({ leadsTo })] });
    expect(rows).toMatchObject([{ cells: [{ slot: 's1' }, { slot: 's2' }], needsLook: true }]);
  });

  it('says what the next run would do', () => {
    const change = { action: 'add', backend: 'b', slot: 's1', instance: 'n1/a', reason: 'passing' } as const;
    const pending = { count: 1, changes: [{ ...change, loadBalancers: [...LBS] }], unknownOn: [] };
    expect(rowsWith([], [], { pending })).toMatchObject([{ next: ['add'], needsLook: true }]);
    expect(statusLines(statusOfFleet({ [LBS[0]]: [] }, { pending }), plainView()).join('\n')).toMatch(
      /1 change pending; .*\n.*\n {2}add b\/s1 n1\/a on tcp:.*\(passing\)[\s\S]*n1\/a +no slot → add/,
    );
  });
});

it.each([
  ['consul-unread', /which cannot be believed to be all/],
  ['load-balancers-unknown', /^Consul: 1 instance at index 42$/m],
])('an error of Consul with %s among what needs a look reads %s', (code, words) => {
  const consul = { index: '42', instances: 1, names: {}, error: 'consul: no' };
  const status = statusOfFleet(
    { [LBS[0]]: [] },
    { consul, attention: [attention({ code, level: 'failed' })] },
  );
  expect(statusLines(status, plainView()).join('\n')).toMatch(words);
});

it('what is otherwise than a moment ago is marked', () => {
  const asked: string[] = [];
  const isNew = (thing: string, as: string): boolean => {
    asked.push(`${thing}: ${as}`);
    return thing.startsWith('n1/a');
  };
  const lines = statusLines(statusOfFleet({ [LBS[0]]: [slotStatus()] }), plainView({ isNew }));
  expect(lines.at(-1)).toMatch(/^\* {2}n1\/a +serving/);
  expect(asked).toContain('n1/a b: serving');
});
