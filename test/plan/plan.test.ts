// A plan says what it needs before it takes anything away, holds back what it must not, and is data throughout.
import { describe, expect, it } from 'vitest';
import type { Absence } from '../../lib/model/source.js';
import { plan } from '../../lib/plan/plan.js';
import { config, empty, instance, observedWith, printed, server, viewWith } from './rig.js';

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => instance({ id: `i${at}`, address: `10.0.0.${at + 1}` }));
const slots = (count: number) =>
  Array.from({ length: count }, (_, at) => server(`s${at + 1}`, { address: `10.0.0.${at + 1}` }));
const policy = { pools: config.pools, force: false };

describe('what a plan needs', () => {
  it.each<[string, Absence, number, string]>([
    ['nothing where nobody is gone', { believed: 'rights' }, 4, 'nothing'],
    ['the rights before anybody goes', { believed: 'rights' }, 3, 'rights'],
    ['nothing more for one of many', { believed: 'second-look' }, 3, 'nothing'],
    ['a second look before half goes', { believed: 'second-look' }, 2, 'second-look'],
    ['nothing once both were had', { believed: 'yes' }, 1, 'nothing'],
  ])('is %s', (_what, absence, left, needs) => {
    const made = plan(viewWith(many(left), { absence }), observedWith(slots(4)), policy);
    expect(made.needs).toBe(needs);
    const removed = made.steps.flatMap(({ changes }) => changes).length;
    expect(removed).toBe(needs === 'nothing' ? 4 - left : 0);
  });

  it('is nothing where absences are not believed: nobody goes, and the reason is told with what it kept', () => {
    const why = { code: 'service-denied', service: 'web', tokenName: 'TOKEN' } as const;
    const absence = { believed: 'no', why, fails: 'always' } as const;
    const made = plan(viewWith(many(1), { absence }), observedWith(slots(4)), policy);
    expect(made).toMatchObject({ needs: 'nothing', steps: [] });
    expect(made.heldBack).toEqual([{ ...why, kept: [{ backend: 'web', servers: 3 }] }]);
  });

  it('is nothing for what fails only where it kept somebody, and kept nobody', () => {
    const why = { code: 'row-unreadable', service: 'web', row: 2, detail: 'no Node and Service' } as const;
    const absence = { believed: 'no', why, fails: 'when-kept' } as const;
    expect(plan(viewWith(many(4), { absence }), observedWith(slots(4)), policy).heldBack).toEqual([]);
    expect(plan(viewWith(many(3), { absence }), observedWith(slots(4)), policy).heldBack).toEqual([
      { ...why, kept: [{ backend: 'web', servers: 1 }] },
    ]);
  });
});

describe('the limit on removals', () => {
  it('holds back what exceeds it until it is forced', () => {
    const limited = { ...policy, maxRemovalPercent: 20 };
    const [view, observed] = [viewWith(many(3)), observedWith(slots(4))];
    expect(plan(view, observed, limited)).toMatchObject({
      steps: [],
      heldBack: [{ code: 'removal-limit', percent: 20, ready: 4, kept: [{ backend: 'web', servers: 1 }] }],
    });
    expect(plan(view, observed, { ...limited, force: true })).toMatchObject({ heldBack: [], steps: [{}] });
  });
});

describe('the steps', () => {
  it('stop who is critical and start newcomers first, then take over by halves, and let go last', () => {
    const view = viewWith([
      instance({ id: 'sick', address: '10.0.0.1', health: 'critical' }),
      instance({ id: 'new-1', address: '10.1.0.1' }),
      instance({ id: 'new-2', address: '10.1.0.2' }),
      instance({ id: 'new-3', address: '10.1.0.3' }),
    ]);
    // A free slot is taken before one on which requests still run.
    const busy = slots(4).map((slot) => ({ ...slot, sessions: 1 }));
    const { steps } = plan(view, observedWith([...busy, empty('s5')]), policy);
    expect(steps.map(({ condition }) => (condition === 'none' ? condition : condition.serves))).toEqual([
      'none',
      'another',
      'who-stays',
      'who-stays',
    ]);
    const actions = steps.map(({ changes }) => changes.map(({ action }) => action).sort());
    expect(actions).toEqual([['add', 'disable'], ['add', 'remove'], ['add', 'remove'], ['remove']]);
  });
});

describe('a view', () => {
  const view = viewWith([instance({ address: 'a.example' }), instance({ id: 'b' })], {
    answers: { 'a.example': ['10.0.0.7', '10.0.0.8'] },
  });
  const observed = observedWith([empty('s1'), server('s2'), empty('s3')]);

  it('is data: it can be cloned and compared, and the clone is planned alike', () => {
    const clone = structuredClone(view);
    expect(clone).toEqual(view);
    expect(plan(clone, structuredClone(observed), policy)).toEqual(plan(view, observed, policy));
  });

  it('is not changed by planning on it', () => {
    const before = structuredClone(view);
    plan(view, observed, policy);
    expect(view).toEqual(before);
    const { steps } = plan(view, observed, policy);
    expect(steps.flatMap(({ changes }) => changes.map(printed))).toHaveLength(1);
  });
});
