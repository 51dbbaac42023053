// When apply asks, and what the run that writes refuses: at a simulated HAProxy whose catalog changes between the two.
import { describe, expect, it } from 'vitest';
import { applyAsking } from '../../lib/cli/apply-question.js';
import { makeSource } from '../../lib/consul/source.js';
import { lookAt } from '../../lib/run/look.js';
import { type ReconcileDeps, reconcile } from '../../lib/run/reconcile.js';
import type { RunOptions } from '../../lib/run/runner.js';
import { haproxyFor, instantClock, memoryCatalog, parseConfig, writesOf } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const ADDRESS = { kind: 'tcp', host: 'simulated', port: 9999 } as const;
const config = parseConfig({
  pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's', transport: 'plain', slots: 6 }] }],
});

/** Four serve; those of `critical` are so in Consul, at the time of each look and of each run in turn. */
async function apply(critical: readonly (readonly number[])[], answers: readonly boolean[] = []) {
  const haproxy = haproxyFor(config, 6);
  const numbers = [1, 2, 3, 4];
  for (const number of numbers)
    Object.assign(haproxy.server('web', `s${number}`), {
      address: `10.0.0.${number}`,
      port: 80,
      state: 'ready',
    });
  const catalog = memoryCatalog();
  const clock = instantClock();
  const deps: ReconcileDeps = {
    ...{ config, clock, source: makeSource({ client: catalog, clock }), resolve: async () => [] },
    connect: async () => haproxy.connect(),
  };
  let turn = 0;
  const advance = (): void => {
    const out = critical[turn] ?? critical.at(-1) ?? [];
    turn += 1;
    catalog.rows = numbers.map((number) =>
      row({
        ...{ node: `n${number}`, id: `web-${number}`, address: `10.0.0.${number}`, port: 80 },
        status: out.includes(number) ? 'critical' : 'passing',
      }),
    );
  };
  const asked: string[] = [];
  let shown = 0;
  const { report, declined } = await applyAsking({
    runner: {
      look: () => {
        advance();
        return lookAt({ ...deps, readOnly: false, details: 'asked' }, [ADDRESS], { force: false });
      },
      run: ({ mode, byHand }: RunOptions) => {
        advance();
        return reconcile(deps, [ADDRESS], { mode, force: false, ...(byHand ? { byHand } : {}) });
      },
    },
    force: false,
    confirm: async (question) => {
      asked.push(question);
      const answer = answers[asked.length - 1];
      if (answer === undefined) throw new Error('asked too often');
      return answer;
    },
    show: () => {
      shown += 1;
    },
  });
  expect(shown).toBe(asked.length);
  const changes = report?.loadBalancers[0]?.changes.map(({ slot, result }) => `${slot} ${result}`);
  return { asked, declined, changes, writes: writesOf(haproxy), outcome: report?.loadBalancers[0]?.outcome };
}

const ASKS_2 = 'Take away 2 of the 4 who serve web?';
const out = (number: number): string => `set server web/s${number} state maint`;

describe('applyAsking', () => {
  it('applies at once what takes away little, or nothing', async () => {
    expect(await apply([[]])).toMatchObject({ asked: [], writes: [], outcome: 'unchanged' });
    expect(await apply([[1]])).toMatchObject({ asked: [], writes: [out(1)], changes: ['s1 done'] });
  });

  it('asks, and writes what was shown', async () => {
    const { asked, writes, declined } = await apply([[1, 2]], [true]);
    expect({ asked, writes, declined }).toEqual({
      asked: [ASKS_2],
      writes: [out(1), out(2)],
      declined: false,
    });
  });

  it('writes nothing on a no, and has no report', async () => {
    expect(await apply([[1, 2]], [false])).toMatchObject({
      ...{ writes: [], declined: true, changes: undefined },
    });
  });

  it('asks anew where by then somebody goes who was not shown, though no more of them', async () => {
    const ran = await apply(
      [
        [1, 2],
        [1, 3],
        [1, 3],
        [1, 3],
      ],
      [true, true],
    );
    expect(ran).toMatchObject({ asked: [ASKS_2, ASKS_2], writes: [out(1), out(3)], outcome: 'changed' });
  });

  it('asks where nothing was to be asked, and by then much goes', async () => {
    const ran = await apply([[1], [1, 2, 3]], [false]);
    expect(ran).toMatchObject({ asked: ['Take away 3 of the 4 who serve web?'], writes: [], declined: true });
  });

  it('does not ask where by then a little more goes that would not have been asked about', async () => {
    expect(await apply([[], [1]])).toMatchObject({ asked: [], writes: [out(1)] });
  });

  it('goes on where by then less goes', async () => {
    expect(await apply([[1, 2], [2]], [true])).toMatchObject({ asked: [ASKS_2], writes: [out(2)] });
  });
});
