// Why requests do not reach an instance in one pool of one load balancer; what decides first is first. Pure.
import { compareIps, printHostPort } from '../../model/address.js';
import { type LeftOutProblem, nextStepOf, reasonOf } from '../../model/problem.js';
import type { Cause } from '../../model/why-causes.js';
import { agentWordOn } from '../../plan/agent-word.js';
import { consulCauses } from './consul-causes.js';
import { healthCauses } from './health-causes.js';
import { hostPortOf, type Place, runFailureOf } from './place.js';
import { absenceCauses, refusedCauses } from './selection-causes.js';

/**
 * In the order in which it is decided: whether somebody holds the slot, who it is, how Consul has it, whether there
 * is a slot, whether HAProxy sends requests to it once it is ready, and whether a run was there.
 */
export function outCauses(place: Place): Cause[] {
  const causes = [
    ...heldForNobody(place),
    ...heldCauses(place),
    ...identityCauses(place),
    ...healthCauses(place.question, place.wish),
    ...placementCauses(place),
    ...trafficCauses(place),
    ...runCauses(place),
  ];
  const all = [...causes, ...consulCauses(place.question.look, 'why'), ...inFlight(place)];
  return all.length > 0 ? all : [{ code: 'unexplained' }];
}

function heldForNobody(place: Place): Cause[] {
  const { pool, server } = place;
  if (!isNobodys(place) || server?.state !== 'drain' || agentWordOn(server) === 'drain') return [];
  return [{ code: 'held-for-nobody', slot: `${pool.backend}/${server.slot}` }];
}

/** Nobody in Consul is there, as far as that may be believed. */
function isNobodys({ question: { look }, wish, pool }: Place): boolean {
  const absence = look.catalogView?.view.absences.get(pool.service);
  return absence !== undefined && absence.believed !== 'no' && !wish.deciding && wish.labels.size === 0;
}

function identityCauses({ question, wish: { own, exclusion }, pool, server }: Place): Cause[] {
  const { target, look } = question;
  const view = look.catalogView?.view;
  if (!view) return [];
  if (!target.instance) return absenceCauses(view, pool.service);
  if (exclusion || !target.located) return [];
  if (!own) return refusedCauses(question);
  const { hostName, addresses } = target.located;
  if (hostName === undefined || addresses !== undefined) return [];
  return [{ code: 'name-unresolved', hostName, slot: server?.slot ?? null }];
}

/** Somebody else's word holds, whatever Consul says. */
function heldCauses(place: Place): Cause[] {
  const { question, server, pool, plan } = place;
  if (!server) return [];
  if (server.state === 'drain') {
    if (agentWordOn(server) === 'drain') return [{ code: 'drained-by-agent' }];
    if (isNobodys(place)) return [];
    return [{ code: 'drained', name: question.target.label ?? `${pool.backend}/${server.slot}` }];
  }
  for (const problem of plan?.problems ?? [])
    if ('slot' in problem && problem.slot === server.slot) {
      if (problem.code === 'held-by-agent') return [{ code: 'held-by-agent', word: problem.word }];
      if (problem.code === 'held-by-tracking') return [{ code: 'held-by-tracking' }];
    }
  return agentWordOn(server) === 'down' ? [{ code: 'held-by-agent', word: 'down' }] : [];
}

function placementCauses(place: Place): Cause[] {
  const { plan, wish, pool } = place;
  const leftOut = plan?.leftOut.find(({ instance }) => wish.labels.has(instance));
  if (!leftOut) return [];
  const facts = { detail: reasonOf(leftOut), nextStep: nextStepOf(leftOut) };
  switch (leftOut.code) {
    case 'range-unconfigured':
      return [
        {
          code: 'no-range',
          detail: `${pool.backend} has no ${leftOut.transport} range`,
          nextStep: 'add one to the pool in LB_CONFIG, or correct its tags',
        },
      ];
    case 'range-undeclared':
    case 'range-transport':
      return [{ code: 'no-range', ...facts }];
    case 'slots-taken':
      return [takenCause(place, leftOut, pool.backend)];
    default:
      return [{ code: 'unplaced', ...facts }];
  }
}

type Taken = Extract<LeftOutProblem, { code: 'slots-taken' }>;

function takenCause(
  { observed, question: { look }, pool }: Place,
  { prefix, slots, idle = [] }: Taken,
  backend: string,
): Cause {
  const labels = look.catalogView?.view.labels.get(pool.service);
  const ofRange = (observed.backends.get(backend) ?? []).filter(
    ({ slot }) => slot.startsWith(prefix) && /^\d+$/.test(slot.slice(prefix.length)),
  );
  const holders = ofRange.map((server) => labels?.get(hostPortOf(server)) ?? hostPortOf(server));
  return { code: 'slots-taken', prefix, slots, holders, idle: idle.map((slot) => `${backend}/${slot}`) };
}

/** Of what a run would do for it. */
function runCauses(place: Place): Cause[] {
  const { balancer, question, changes, wish } = place;
  const own = changes.find(({ instance }) => instance !== null && wish.labels.has(instance));
  const failure = runFailureOf(balancer);
  const isWaiting = own !== undefined || (wish.isHealthy && place.server?.state !== 'ready');
  const { runs } = question;
  return [
    ...(failure && isWaiting ? [{ code: 'run-failing', ...failure } as const] : []),
    ...(own && runs.state === 'failing'
      ? [{ code: 'run-failing', detail: runs.detail, nextStep: '' } as const]
      : []),
    ...(own && runs.state === 'paused' ? [{ code: 'run-paused', detail: runs.detail } as const] : []),
    ...(own && runs.state === 'none' ? [{ code: 'none-running' } as const] : []),
    ...(own ? [{ code: 'pending', action: own.action, reason: own.reason } as const] : []),
  ];
}

/** Of a server that lets requests in, and gets none. */
function trafficCauses({ server, detail, wish }: Place): Cause[] {
  if (server?.state !== 'ready') return [];
  const { status } = server;
  const isDown = /^(?:DOWN|NOLB)/.test(status) && !status.startsWith('DOWN (agent)');
  const check = detail?.check;
  return [
    ...(isDown
      ? [
          {
            code: 'down',
            status,
            check: check?.status.replace(/^\* /, '') ?? '',
            words: check?.words ?? '',
          } as const,
        ]
      : []),
    ...(server.weight === 0
      ? [{ code: 'weight-zero', wanted: wish.deciding ? wish.weight === 0 : null } as const]
      : []),
  ];
}

/** Requests that were there when it went. */
function inFlight({ server, detail }: Place): Cause[] {
  const running = detail?.running ?? server?.sessions ?? 0;
  const queued = detail?.queued ?? 0;
  return running + queued === 0 ? [] : [{ code: 'requests-in-flight', running, queued }];
}

/** Where it stays at an address that its name has among others, which is not the one a newcomer would get. */
export function keptByName({ question: { target }, server }: Place): Cause[] {
  const { hostName = null, addresses = [], port = 0 } = target.located ?? {};
  if (hostName === null || !server || addresses.length < 2 || target.label === null) return [];
  const [lowest = ''] = [...addresses].sort(compareIps);
  if (hostPortOf(server) === printHostPort(lowest, port)) return [];
  return [{ code: 'kept-by-name', instance: target.label, hostName }];
}
