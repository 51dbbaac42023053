// The plan of one load balancer: the changes of all pools under the guard, in steps. Pure.
import type { Config, Pool } from '../config/pools.js';
import { type Problem, sentenceOf } from '../model/problem.js';
import { isServing, type Observed } from '../model/server.js';
import type { Absence, Look } from '../model/source.js';
import { emptiedWrongly, exceedsLimit, neededLook, unlistedIn } from './guard.js';
import { type PoolPlan, planPool } from './pool.js';
import { type Step, stepsOf } from './steps.js';
import type { Counts, View } from './view.js';

export interface Policy extends Pick<Config, 'pools' | 'maxRemovalPercent'> {
  /** Past the guard. */
  readonly force: boolean;
  /** By backend, then `address:port`: the server in which another load balancer of the fleet has it. */
  readonly elsewhere?: (backend: string, hostPort: string) => string | undefined;
}

export interface Plan {
  /** What to write, in order; nothing while something has to be looked at first. */
  readonly steps: readonly Step[];
  readonly pools: readonly PoolPlan[];
  /** What was held back, and why; any of these makes the run fail. */
  readonly heldBack: readonly Problem[];
  /** What to look at before anything may be taken away. Then plan again, on what was seen. */
  readonly needs: Look | 'nothing';
}

/**
 * Plans every pool. What is not listed any more is taken away only when the token may read all there is,
 * and much of it only on what a second read says too. Where Consul's answer is not to be trusted or not
 * to be understood nothing is removed at all, and the reason is in `heldBack`. Throws nothing.
 */
export function plan(view: View, observed: Observed, policy: Policy): Plan {
  const { elsewhere } = policy;
  const planOne = (pool: Pool, keepGone: boolean): PoolPlan =>
    observed.failures?.has(pool.backend)
      ? unread(pool.backend)
      : planPool(pool, view, observed.backends.get(pool.backend) ?? [], keepGone, {
          staticBalance: observed.staticBalance?.has(pool.backend) ?? false,
          elsewhere: elsewhere && ((hostPort) => elsewhere(pool.backend, hostPort)),
        });
  const absenceOf = ({ service }: Pool): Absence | undefined => view.absences.get(service);
  const planned = policy.pools.map((pool) => ({ pool, of: planOne(pool, isDoubted(absenceOf(pool))) }));

  const looks = planned.flatMap(({ pool, of }) => neededLook(absenceOf(pool), of) ?? []);
  const needs = looks.find((look) => look === 'rights') ?? looks[0] ?? 'nothing';
  const heldBack = new HeldBack();
  const countsOf = ({ backend }: Pool): Counts => view.counts.get(backend) ?? NOBODY;
  const kept = planned.map(({ pool, of }) => {
    const absence = absenceOf(pool);
    for (const problem of of.problems) if (problem.code === 'server-kept-on-guess') heldBack.add(problem);
    if (absence?.believed === 'no' && (absence.fails === 'always' || of.gone > 0))
      heldBack.add(absence.why, of);
    const { maxRemovalPercent, force } = policy;
    if (force || isDoubted(absence)) return of;
    const wrongly = emptiedWrongly(pool, countsOf(pool), of);
    if (!wrongly && !exceedsLimit(of, maxRemovalPercent)) return of;
    heldBack.add(wrongly ?? { code: 'removal-limit', percent: maxRemovalPercent, ready: of.ready }, of);
    return planOne(pool, true);
  });
  const believed = planned.filter(({ pool }) => !isDoubted(absenceOf(pool)));
  const unlisted = unlistedIn(believed.map(({ pool, of }) => ({ pool, counts: countsOf(pool), weight: of })));
  const pools = kept.map((one) => {
    const problems = unlisted.get(one.backend) ?? [];
    return problems.length === 0 ? one : { ...one, problems: [...one.problems, ...problems] };
  });
  return {
    steps: needs === 'nothing' ? stepsIn(pools, observed) : [],
    pools,
    heldBack: heldBack.problems(),
    needs,
  };
}

const NOBODY: Counts = { listed: 0, selected: 0, refused: 0 };
function stepsIn(pools: readonly PoolPlan[], { backends }: Observed): Step[] {
  let serving: Set<string> | undefined;
  const serves = (name: string): boolean => {
    serving ??= new Set(
      [...backends].flatMap(([backend, servers]) =>
        servers.filter(isServing).map(({ slot }) => `${backend}/${slot}`),
      ),
    );
    return serving.has(name);
  };
  const awaited = new Set(pools.filter((pool) => pool.awaited).map(({ backend }) => backend));
  const changes = pools.flatMap((pool) => pool.changes);
  const surplus = new Set(pools.flatMap((pool) => pool.surplus.map((slot) => `${pool.backend}/${slot}`)));
  return stepsOf(changes, { awaited, serves, surplus });
}

/** Of a backend that could not be read: nothing is known, and nothing done. */
const unread = (backend: string): PoolPlan => ({
  backend,
  changes: [],
  leftOut: [],
  heldSlots: [],
  problems: [],
  ranges: [],
  awaited: false,
  surplus: [],
  ready: 0,
  gone: 0,
  unhealthy: 0,
});

const isDoubted = (absence: Absence | undefined): boolean => absence?.believed === 'no';

type Kept = { readonly backend: string; readonly servers: number };

/** Each reason once, whichever services have it, with what it kept ready in which pools. */
class HeldBack {
  private readonly reasons = new Map<string, { readonly reason: Problem; readonly kept: Kept[] }>();

  add(reason: Problem, { backend, gone } = { backend: '', gone: 0 }): void {
    const text = sentenceOf(reason);
    const entry = this.reasons.get(text) ?? { reason, kept: [] };
    if (gone > 0) entry.kept.push({ backend, servers: gone });
    this.reasons.set(text, entry);
  }

  problems(): Problem[] {
    return [...this.reasons.values()].map(({ reason, kept }) =>
      kept.length > 0 ? { ...reason, kept } : reason,
    );
  }
}
