// Why an instance is in rotation or not, everywhere: the whole answer of `why`, as data. Pure.

import type { Pool } from '../../config/pools.js';
import { nextStepOf, textOf } from '../../model/problem.js';
import { isServing } from '../../model/server.js';
import { plainText } from '../../model/text.js';
import type { Standing, Why, WhyInstance, WhyLoadBalancer, WhyPlace } from '../../model/why.js';
import { type Cause, type ReportedCause, reportedCause } from '../../model/why-causes.js';
import type { BalancerLook } from '../look.js';
import { consulCauses } from './consul-causes.js';
import { healthCauses } from './health-causes.js';
import { isLeaving, remarksOn, stillInCauses } from './in-causes.js';
import { outCauses } from './out-causes.js';
import { type Place, placeOf, runFailureOf } from './place.js';
import { poolsOf, type WhyQuestion, type Wish, wishOf } from './question.js';
import { elsewhereCauses, exclusionText, unselectedCauses, unusableCauses } from './selection-causes.js';
import { slotOf } from './slot.js';
import { type TagsOf, tagsOf } from './tags.js';
import { verdictOf } from './verdict.js';

export function explain(question: WhyQuestion): Why {
  const { asked, target, look } = question;
  const pools = poolsOf(question);
  const wishes = pools.map((pool) => wishOf(question, pool));
  const tags = tagsIn(question, pools, wishes);
  const unselected = [
    ...unusableCauses(question),
    ...unselectedCauses(question, pools, wishes, tags?.bad ?? []),
  ];
  const subject: Subject = {
    question,
    pools,
    wishes,
    unselected,
    remarks: (tags?.bad ?? []).map(({ cause }) => cause),
  };
  const loadBalancers = look.loadBalancers.map((balancer) => balancerOf(subject, balancer));
  const name = target.label ?? target.hostPorts[0] ?? asked;
  return {
    version: 1,
    asked: plainText(asked),
    name,
    takenAt: new Date(look.takenAtMs).toISOString(),
    verdict: verdictOf(question, name, loadBalancers, inConsul(subject)),
    ...instanceOf(question, pools, wishes, tags),
    ...(look.consulError === undefined ? {} : { consulError: plainText(look.consulError, MAX_ERROR) }),
    loadBalancers,
    runs: question.runs,
  };
}

const MAX_ERROR = 500;

/** What stands in its way whatever the load balancers hold. */
const inConsul = ({ question, wishes, unselected }: Subject): ReportedCause[] =>
  [...unselected, ...wishes.slice(0, 1).flatMap((wish) => healthCauses(question, wish))].map(reportedCause);

interface Subject {
  readonly question: WhyQuestion;
  readonly pools: readonly Pool[];
  /** In the order of the pools. */
  readonly wishes: readonly Wish[];
  /** Why no pool selects it at all. */
  readonly unselected: readonly Cause[];
  /** What is wrong with it, wherever it serves. */
  readonly remarks: readonly Cause[];
}

function tagsIn(question: WhyQuestion, pools: readonly Pool[], wishes: readonly Wish[]): TagsOf | undefined {
  const { target, config } = question;
  const { instance, label, service } = target;
  if (!instance || label === null || service === null) return undefined;
  const own = wishes.flatMap(({ own: selected }, at) => {
    const backend = pools[at]?.backend ?? '';
    return selected ? [{ backend, ...selected }] : [];
  });
  const [first] = own;
  const inEach = own.map(({ weights, backend }) => `${weights.passing} in ${backend}`).join(', ');
  const settings: Record<string, string> = first
    ? {
        weight: `weight ${inEach}`,
        scheme: `chooses the range: ${first.transport}`,
        sslverify: `chooses the range: ${first.transport}`,
      }
    : {};
  return tagsOf(config, service, { label, instance }, settings);
}

function instanceOf(
  { target, look, config, checks, moreChecks = 0 }: WhyQuestion,
  pools: readonly Pool[],
  wishes: readonly Wish[],
  tags: TagsOf | undefined,
): { readonly instance?: WhyInstance } {
  const { instance, located, service, hostPorts } = target;
  if (!instance || service === null) return {};
  const answers =
    located?.hostName === undefined ? undefined : look.catalogView?.view.answers.get(located.hostName);
  return {
    instance: {
      node: plainText(instance.node),
      id: plainText(instance.id),
      service,
      registered: plainText(hostPorts[0] ?? ''),
      ...(answers ? { resolved: answers } : {}),
      health: instance.health,
      checks,
      ...(moreChecks > 0 ? { moreChecks } : {}),
      tags: tags?.tags ?? [],
      ...((tags?.more ?? 0) > 0 ? { moreTags: tags?.more ?? 0 } : {}),
      pools: pools.map(({ backend }, at) => {
        const { exclusion, own } = wishes[at] ?? {};
        if (own) return { backend, selected: true };
        const text = exclusion ? exclusionText(exclusion, config) : 'has no address that a server may have';
        return { backend, selected: false, text };
      }),
    },
  };
}

function balancerOf(subject: Subject, balancer: BalancerLook): WhyLoadBalancer {
  const { question, pools, wishes } = subject;
  const { address, state, report, observed } = balancer;
  const failure = runFailureOf(balancer);
  if (!observed) {
    const code = state === 'busy' ? 'load-balancer-busy' : 'load-balancer-down';
    const { detail, nextStep } = failure ?? { detail: report.error ?? '', nextStep: '' };
    const error = plainText(detail, MAX_ERROR);
    return { address, state, error, places: [unknownPlace(null, { code, detail: error, nextStep })] };
  }
  const places = pools.map((pool, at) =>
    placeOf(question, balancer, observed, pool, wishes[at] ?? wishOf(question, pool)),
  );
  // A slot that was left holds the address that it had: it says nothing where another pool serves the instance.
  const isServed = wishes.some(({ own }) => own !== undefined);
  const concerned = places.filter(
    ({ wish, server }) => wish.own || (server && !(isServed && server.state === 'maintenance')),
  );
  return {
    address,
    state,
    ...(failure ? { error: plainText(failure.detail, MAX_ERROR) } : {}),
    haproxy: plainText(observed.process.version, 60),
    places:
      concerned.length > 0 ? concerned.map((place) => judged(subject, place)) : [nowhere(subject, places[0])],
  };
}

const unknownPlace = (backend: string | null, cause: Cause): WhyPlace => ({
  backend,
  standing: 'unknown',
  causes: [reportedCause(cause)],
  nextRun: { known: false, changes: [] },
});

/** No pool selects it, and none has it. */
function nowhere({ unselected, question }: Subject, place: Place | undefined): WhyPlace {
  const causes = unselected.length > 0 || !place ? unselected : outCauses(place);
  const all = causes.length > 0 ? causes : consulCauses(question.look, 'why');
  const [first] = all;
  return {
    backend: null,
    standing: 'out',
    causes: all.map(reportedCause),
    nextRun: { known: place?.plan !== undefined, changes: [], ...(first ? { heldBy: first.code } : {}) },
  };
}

function judged(subject: Subject, place: Place): WhyPlace {
  const { question, balancer, observed, pool, server, wish, changes } = place;
  const failure = observed.failures?.get(pool.backend);
  if (failure) {
    const facts = { detail: textOf(failure), nextStep: nextStepOf(failure) };
    return unknownPlace(pool.backend, { code: 'backend-unread', ...facts });
  }
  const standing = standingOf(place);
  const causes = causesOf(subject, place, standing);
  const [first] = causes;
  const isSettled = standing === 'in' && changes.length === 0;
  return {
    backend: pool.backend,
    standing,
    causes: causes.map(reportedCause),
    ...(server ? { slot: slotOf(server, place.detail, question.look.takenAtMs) } : {}),
    ...(wish.deciding ? { wanted: { weight: wish.weight, maxconn: wish.maxconn } } : {}),
    nextRun: {
      known: balancer.plan !== undefined,
      changes: balancer.plan ? changes : [],
      ...(first && !isSettled && first.code !== 'pending' ? { heldBy: first.code } : {}),
    },
  };
}

function standingOf(place: Place): Standing {
  const { server, wish, question } = place;
  if (!server || !isServing(server)) return 'out';
  if (question.look.consulError !== undefined) return 'in';
  const isWanted = wish.isHealthy && wish.weight > 0 && wish.deciding !== undefined;
  return isWanted && !isLeaving(place) ? 'in' : 'still-in';
}

function causesOf({ question, unselected, remarks }: Subject, place: Place, standing: Standing): Cause[] {
  if (standing === 'out') {
    const causes = outCauses(place);
    return unselected.length > 0
      ? [...unselected, ...causes.filter(({ code }) => code !== 'unexplained')]
      : causes;
  }
  const elsewhere = unselected.length > 0 ? unselected : elsewhereCauses(question, place.pool, place.wish);
  if (standing === 'still-in') return stillInCauses(place, elsewhere);
  return [...consulCauses(question.look, 'whether'), ...remarks, ...remarksOn(place)];
}
