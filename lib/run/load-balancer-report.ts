// The report of one load balancer's run: what happened, who has which servers now, what is wrong. Pure.
import type { Config } from '../config/pools.js';
import { ConsulError } from '../consul/errors.js';
import { HAProxyError } from '../haproxy/errors.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import type { MadeChange } from '../model/change.js';
import { failureOf } from '../model/errors.js';
import {
  type LeftOutProblem,
  levelOf,
  type Problem,
  reasonOf,
  reported,
  sentenceOf,
  textOf,
} from '../model/problem.js';
import type { LoadBalancerReport, Outcome, PoolReport } from '../model/report.js';
import { isServing, type Observed } from '../model/server.js';
import { placementOf } from '../plan/placement-of.js';
import type { Plan } from '../plan/plan.js';
import type { PoolPlan } from '../plan/pool.js';
import { inPlannedOrder, settleResults } from './made-changes.js';
import type { Progress } from './progress.js';

/** Instances named in the error when there is no server for them; the report lists all. */
const MAX_NAMED = 10;
/** Of these, so many are among the problems; `unplaced` has all. */
const MAX_LEFT_OUT = 100;

/**
 * What happened, who has which slots now, and what was held back or left out, which is an error. A run
 * that was broken off hands in what `thrown` broke it off; what was held back until then is told too.
 */
export function loadBalancerReport(
  { pools }: Pick<Config, 'pools'>,
  socket: SocketAddress,
  progress: Progress,
  mode: 'apply' | 'plan',
  thrown?: unknown,
): LoadBalancerReport {
  const { changes, observed, plan, problems: met } = progress;
  const address = printAdminAddress(socket);
  const heldBack = plan?.heldBack ?? [];
  const leftOut = [...(plan?.pools.flatMap((pool) => pool.leftOut) ?? []), ...progress.unplaced.values()];
  const failure = thrown === undefined ? undefined : problemOf(thrown);
  const failures = [...(observed?.failures?.values() ?? []), ...progress.failures];
  if (mode === 'apply') settleResults(changes, thrown === undefined ? undefined : UNHEARD);
  const made = inPlannedOrder(changes);
  const warnings = [
    ...(plan?.pools.flatMap((pool) => pool.problems).filter((problem) => levelOf(problem) === 'warning') ??
      []),
    ...met,
  ];
  const error = errorText(address, failure, [...failures, ...heldBack], leftOut);
  return {
    address,
    outcome: failure || failures.length > 0 ? 'failed' : outcomeOf(heldBack.length, made, mode),
    changes: made,
    pools: observed && plan ? poolReports(pools, observed, plan, [...progress.unplaced.values()]) : [],
    warnings: [...new Set(warnings.map(textOf))],
    problems: [
      ...(failure ? [failure] : []),
      ...failures,
      ...heldBack,
      ...leftOut.slice(0, MAX_LEFT_OUT),
      ...warnings,
    ].map(reported),
    ...(error === '' ? {} : { error }),
  };
}

/** Of a change that was begun when the run was broken off. */
const UNHEARD = 'the run was broken off before it was heard whether it was done';

function problemOf(thrown: unknown): Problem {
  const failure = failureOf(thrown);
  if (thrown instanceof HAProxyError)
    return { code: 'haproxy-failed', address: thrown.address, kind: thrown.kind, ...failure };
  if (thrown instanceof ConsulError) return { code: 'consul-failed', service: thrown.service, ...failure };
  return { code: 'failed', ...failure };
}

/** What broke it off first, and whose errors these are: once, since a failure of HAProxy's begins with its name. */
function errorText(
  address: string,
  failure: Problem | undefined,
  others: readonly Problem[],
  leftOut: readonly LeftOutProblem[],
): string {
  const name = `haproxy ${address}: `;
  const texts = others
    .map(sentenceOf)
    .map((text) => (text.startsWith(name) ? text.slice(name.length) : text));
  const own = [...new Set(texts), ...leftOutTexts(leftOut)].join('; ');
  if (!failure) return own === '' ? '' : `${name}${own}`;
  if (own === '') return sentenceOf(failure);
  return `${sentenceOf(failure)}; ${failure.code === 'haproxy-failed' ? '' : name}${own}`;
}

function outcomeOf(heldBack: number, changes: readonly MadeChange[], mode: 'apply' | 'plan'): Outcome {
  if (heldBack > 0) return 'guarded';
  if (mode === 'plan') return changes.length === 0 ? 'unchanged' : 'planned';
  return changes.every(({ result }) => result === 'skipped') ? 'unchanged' : 'changed';
}

function leftOutTexts(leftOut: readonly LeftOutProblem[]): string[] {
  if (leftOut.length === 0) return [];
  const named = leftOut
    .slice(0, MAX_NAMED)
    .map((problem) => `${problem.instance} (${problem.backend}: ${reasonOf(problem)})`);
  const more = leftOut.length > MAX_NAMED ? ` and ${leftOut.length - MAX_NAMED} more` : '';
  return [`${leftOut.length} left out for want of a slot: ${named.join(', ')}${more}`];
}

/** Of each pool whose backend could be read. */
function poolReports(
  pools: Config['pools'],
  observed: Observed,
  plan: Plan,
  unplaced: readonly LeftOutProblem[],
): PoolReport[] {
  return pools.flatMap((pool, at) => {
    if (observed.failures?.has(pool.backend)) return [];
    const report = poolReport(pool, observed, plan.pools[at]);
    const more = unplaced
      .filter(({ backend }) => backend === pool.backend)
      .map((problem) => ({ instance: problem.instance, reason: reasonOf(problem) }));
    return more.length === 0 ? report : { ...report, unplaced: [...report.unplaced, ...more] };
  });
}

/** What the pool looks like as last read, with who was left out and who is held. */
function poolReport(
  pool: Config['pools'][number],
  observed: Observed,
  plan: PoolPlan | undefined,
): PoolReport {
  const groups = placementOf(pool).groupsOf(pool, observed.backends.get(pool.backend) ?? []);
  const servers = groups.flatMap(({ places }) => places.map(({ server }) => server));
  const ready = servers.filter(({ state }) => state === 'ready');
  const held = plan?.heldSlots.length ?? 0;
  const ranges = plan?.ranges ?? [];
  return {
    backend: pool.backend,
    slots: servers.length,
    free: ranges.reduce((sum, { free }) => sum + free, 0),
    ranges,
    ready: ready.length,
    serving: ready.filter(isServing).length,
    // A slot that an agent drained, and that nobody is at any more, is as free as one in maintenance.
    maintenance: servers.length - ready.length - held,
    held,
    heldSlots: plan?.heldSlots ?? [],
    unplaced:
      plan?.leftOut.map((problem) => ({ instance: problem.instance, reason: reasonOf(problem) })) ?? [],
  };
}
