// Why requests still reach an instance that Consul does not want there, or what is not right though they should. Pure.
import type { Problem } from '../../model/problem.js';
import { nextStepOf, textOf } from '../../model/problem.js';
import type { Cause } from '../../model/why-causes.js';
import { emptiedBy } from '../step-condition.js';
import { healthCauses } from './health-causes.js';
import { keptByName } from './out-causes.js';
import { hostPortOf, type Place, runFailureOf } from './place.js';
import { absenceCauses, refusedCauses } from './selection-causes.js';

/** Why it is still in; what keeps it is first, why it is to go follows. */
export function stillInCauses(place: Place, unselected: readonly Cause[]): Cause[] {
  const causes = [
    ...keptCauses(place),
    ...guardCauses(place),
    ...passesAtAddress(place),
    ...removalCauses(place),
    ...unselected,
    ...reasonsToGo(place),
  ];
  return causes.length > 0 ? causes : [{ code: 'unexplained' }];
}

/** Of one that is where it should be. */
export function remarksOn(place: Place): Cause[] {
  const { server, plan, changes, question } = place;
  const held = plan?.problems.find(
    (problem) => problem.code === 'held-by-agent' && problem.slot === server?.slot,
  );
  const { located } = question.target;
  const isUnresolved = located?.hostName !== undefined && located.addresses === undefined;
  const [change] = changes.filter(({ slot }) => slot === server?.slot);
  return [
    ...(isUnresolved && server
      ? [{ code: 'name-unresolved', hostName: located.hostName ?? '', slot: server.slot } as const]
      : []),
    ...(held?.code === 'held-by-agent' ? [{ code: 'held-by-agent', word: held.word } as const] : []),
    ...(change ? [{ code: 'pending', action: change.action, reason: change.reason } as const] : []),
    ...passesAtAddress(place),
    ...keptByName(place),
  ];
}

/** For a host name that does not resolve, whose slot it may be. */
function keptCauses({ plan, server, pool }: Place): Cause[] {
  for (const problem of plan?.problems ?? [])
    if (problem.code === 'server-kept' && problem.slot === server?.slot && problem.backend === pool.backend)
      return [{ code: 'kept-by-name', instance: problem.instance, hostName: null }];
  return [];
}

/** By the guard; each reason says which pools it kept somebody in. */
function guardCauses({ balancer, pool, changes, server }: Place): Cause[] {
  if (changes.some(({ slot, action }) => slot === server?.slot && action !== 'update')) return [];
  return (balancer.plan?.heldBack ?? [])
    .filter(({ kept = [] }) => kept.some(({ backend }) => backend === pool.backend))
    .map((problem) => guardCause(problem, pool.backend));
}

function guardCause(problem: Problem, backend: string): Cause {
  if (problem.code === 'service-gone') return { code: 'last-of-service', service: problem.service };
  if (problem.code === 'selection-empty') return { code: 'last-of-pool', backend };
  const { kept: _, ...reason } = problem;
  return { code: 'removal-held', detail: textOf(reason as Problem), nextStep: nextStepOf(problem) };
}

/** Another is well at the same address, where one of the two is not. */
function passesAtAddress({ wish, question: { target } }: Place): Cause[] {
  const { deciding, isHealthy } = wish;
  if (!deciding || !isHealthy || deciding.located.instance === target.instance || !target.instance) return [];
  if (target.instance.health === 'passing' && wish.own) return [];
  return [{ code: 'passes-at-address', other: deciding.located.label }];
}

/** A run would take it away, and has not. */
function removalCauses({ balancer, question: { runs }, pool, observed, changes, server }: Place): Cause[] {
  const change = changes.find(({ slot }) => slot === server?.slot);
  if (!change) return [];
  const failure = runFailureOf(balancer);
  const step = balancer.plan?.steps.find((one) =>
    one.changes.some(
      ({ backend, slot, action }) =>
        backend === pool.backend && slot === change.slot && action === change.action,
    ),
  );
  const hasNewcomers = balancer.report.changes.some(
    ({ backend, after, action }) =>
      backend === pool.backend && after.state === 'ready' && action !== 'update',
  );
  const waits =
    step && step.condition !== 'none' && !hasNewcomers
      ? emptiedBy(step.changes, step.condition, observed.backends, new Set()).includes(pool.backend)
      : false;
  return [
    ...(waits ? [{ code: 'replacement-not-up', backend: pool.backend } as const] : []),
    ...(failure ? [{ code: 'run-failing', ...failure } as const] : []),
    ...(runs.state === 'failing'
      ? [{ code: 'run-failing', detail: runs.detail, nextStep: '' } as const]
      : []),
    ...(runs.state === 'paused' ? [{ code: 'run-paused', detail: runs.detail } as const] : []),
    ...(runs.state === 'none' ? [{ code: 'none-running' } as const] : []),
    ...(waits ? [] : [{ code: 'pending', action: change.action, reason: change.reason } as const]),
  ];
}

/** Why Consul does not want it there. */
function reasonsToGo({ question, pool, wish }: Place): Cause[] {
  const { look, target } = question;
  if (!look.catalogView) return [];
  if (!target.instance) return absenceCauses(look.catalogView.view, pool.service);
  if (wish.exclusion) return [];
  if (!wish.own && target.located) return refusedCauses(question);
  return healthCauses(question, wish);
}

/** Whether the slot is one that a run would take away, though somebody at the address is to be served. */
export const isLeaving = ({ changes, server }: Place): boolean =>
  server !== undefined &&
  changes.some(
    ({ slot, action, before }) =>
      slot === server.slot &&
      (action === 'remove' || action === 'disable') &&
      hostPortOf({ ...server, ...before }) === hostPortOf(server),
  );
