// `iri-lb apply` at a terminal, on real load balancers: it asks before half a pool goes, and nobody goes who was not shown.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, register, startFleet } from './plan-rig.js';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet(2);
});
afterAll(() => fleet.harness.close());
beforeEach(async () => {
  await register(fleet.consul, [1, 2, 3]);
  for (const number of [1, 2, 3]) await fleet.consul.maintenance(`web-${number}`, false);
  await fleet.runner.run({ mode: 'apply' });
  const slots = await fleet.slots();
  expect(slots.filter((slot) => slot.endsWith(' ready'))).toEqual(ALL);
});

const ALL = ['10.0.0.1:80 ready', '10.0.0.2:80 ready', '10.0.0.3:80 ready'];
const out = async (...numbers: readonly number[]): Promise<void> => {
  for (const number of numbers) await fleet.consul.maintenance(`web-${number}`, true);
};

/** Answers these questions in turn; more than these is an error. */
function answering(...answers: readonly (boolean | (() => Promise<boolean>))[]) {
  const asked: string[] = [];
  const answers_ = async (question: string): Promise<boolean> => {
    const answer = answers[asked.length];
    asked.push(question);
    if (answer === undefined) throw new Error('asked too often');
    return typeof answer === 'function' ? answer() : answer;
  };
  return { asked, person: { answers: answers_, columns: 80, env: { NO_COLOR: '1' } } };
}

describe('iri-lb apply', () => {
  it('does not ask where less than half goes', async () => {
    await out(1);
    const { asked, person } = answering();
    const { status, out: text } = await fleet.run('apply', person);
    expect([status, asked]).toEqual([0, []]);
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^Consul lists 3 instances at index \d+\.$/),
      'web',
      expect.stringMatching(/^ {2}- s\d {2}local\/web-1 {2}10\.0\.0\.1:80, ready → maintenance$/),
      '      (maintenance in Consul) on both',
      '  serving 2, 1 of 4 slots free on both',
      '',
      'Applied: 0 added, 0 changed, 1 removed; 2 unchanged. Verified by reading back on',
      '  both.',
    ]);
  });

  it('shows what it asks about, and does nothing where the answer is no', async () => {
    await out(1, 2);
    const { asked, person } = answering(false);
    const { status, out: text, err } = await fleet.run('apply', person);
    expect(asked).toEqual(['Take away 2 of the 3 who serve web on both?']);
    expect([status, err]).toEqual([1, 'iri-lb: nothing was applied']);
    expect(text).toContain('Plan: 0 to add, 0 to change, 2 to remove; 1 unchanged.');
    expect(text).toContain('serving 3 → 1');
    expect(text).not.toContain('Applied');
    expect(await fleet.slots()).toEqual(ALL);
  });

  it.each([
    ['apply --yes', true],
    ['apply', false],
  ])('%s does not ask where somebody is there: %j', async (line, isThere) => {
    await out(1, 2);
    const { asked, person } = answering();
    const ran = await fleet.run(line, isThere ? person : {});
    expect([ran.status, asked]).toEqual([0, []]);
    expect(await fleet.slots(1)).toEqual(['10.0.0.1:80 maint', '10.0.0.2:80 maint', '10.0.0.3:80 ready']);
  });

  it('takes --force for no yes', async () => {
    await out(1, 2);
    const { asked, person } = answering(false);
    expect(await fleet.run('apply --force', person)).toMatchObject({ status: 1 });
    expect(asked).toHaveLength(1);
  });

  it('asks again, with the new plan, where by then somebody else would go, and takes nobody before', async () => {
    await out(1, 2);
    const { asked, person } = answering(
      async () => {
        await out(3);
        return true;
      },
      async () => {
        expect(await fleet.slots(0)).toEqual(ALL);
        expect(await fleet.slots(1)).toEqual(ALL);
        return true;
      },
    );
    const { status, out: text } = await fleet.run('apply', person);
    expect(asked).toEqual([
      'Take away 2 of the 3 who serve web on both?',
      'Take away all 3 who serve web on both?',
    ]);
    expect(text.match(/^Plan: 0 to add, 0 to change, \d to remove/gm)).toEqual([
      'Plan: 0 to add, 0 to change, 2 to remove',
      'Plan: 0 to add, 0 to change, 3 to remove',
    ]);
    expect(text).toContain('Applied: 0 added, 0 changed, 3 removed; 0 unchanged.');
    // Nobody serves, since Consul says so.
    expect(status).toBe(3);
  });

  it('keeps stdout for the report where that is JSON', async () => {
    await out(1, 2);
    const { person } = answering(true);
    const { status, out: text, err } = await fleet.run('apply --json', person);
    expect([status, JSON.parse(text).loadBalancers[0].outcome]).toEqual([0, 'changed']);
    expect(err).toContain('Plan: 0 to add, 0 to change, 2 to remove; 1 unchanged.');
  });

  it('goes on where by then less goes, or somebody comes', async () => {
    await out(1, 2);
    const { asked, person } = answering(async () => {
      await fleet.consul.maintenance('web-2', false);
      await register(fleet.consul, [4]);
      return true;
    });
    expect(await fleet.run('apply', person)).toMatchObject({ status: 0 });
    expect(asked).toHaveLength(1);
    expect(await fleet.slots()).toEqual(
      expect.arrayContaining(['10.0.0.1:80 maint', '10.0.0.2:80 ready', '10.0.0.4:80 ready']),
    );
    await fleet.consul.deregister('web-4');
  });

  it.each<[string, object, boolean]>([
    ['at a terminal', { columns: 80 }, true],
    ['with NO_COLOR', { columns: 80, env: { NO_COLOR: '1' } }, false],
    ['into a pipe', {}, false],
  ])('has colours %s: %j %j', async (_where, person, has) => {
    const { status, out: text } = await fleet.run('plan', person);
    expect([status, text.includes('\u001b[')]).toEqual([0, has]);
  });
});
