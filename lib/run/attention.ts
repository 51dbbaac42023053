// What of a fleet somebody should know, worst first, the same on several load balancers once. Pure.
import { isHealthy } from '../model/instance.js';
import { isLeftOut, nextStepOf, type ReportedProblem, textOf } from '../model/problem.js';
import { type Attention, type SlotStatus, type Status, wordOf } from '../model/status.js';
import { spanText } from '../model/when.js';
import type { RunsKnown } from '../model/why.js';
import type { BalancerLook, FleetLook } from './look.js';

/** What is found out of the fleet by then. */
export interface Known extends Pick<Status, 'loadBalancers' | 'differences' | 'instances'> {
  /** Why who should be served is not known; undefined: it is. */
  readonly unread: string | undefined;
  readonly runs: RunsKnown;
}

export function attentionOf(look: FleetLook, known: Known): Attention[] {
  const found = [
    ...(known.unread === undefined ? [] : [unreadConsul(known.unread)]),
    ...ofRuns(known.runs),
    ...known.loadBalancers.flatMap(unreadBalancer),
    ...look.report.problems.map((problem) => ofProblem(problem, [])),
    ...look.loadBalancers.flatMap((one) => ofReport(one, look)),
    ...known.loadBalancers.flatMap((one, at) => unserved(one, look.loadBalancers[at]?.report.problems)),
    ...look.loadBalancers.flatMap(heldSlots),
    ...downThoughPassing(known),
    ...known.differences.map(differs),
  ];
  const once = foldedIn(found);
  return LEVELS.flatMap((level) => once.filter((entry) => entry.level === level));
}

const LEVELS: readonly Attention['level'][] = ['failed', 'look', 'note'];

/** Whether anybody writes what is pending, and whether that goes well. */
function ofRuns(runs: RunsKnown): Attention[] {
  if (runs.state === 'paused')
    return [
      {
        ...{ level: 'look', code: 'paused', text: `the local run is ${runs.detail}`, loadBalancers: [] },
        next: 'it writes nothing until its pause file is gone, or --dry ends',
      },
    ];
  if (runs.state !== 'failing') return [];
  const text = `the local run fails: ${runs.detail}`;
  return [{ level: 'failed', code: 'run-failing', text, next: 'see iri-lb doctor', loadBalancers: [] }];
}

const unreadConsul = (error: string): Attention => ({
  level: 'failed',
  code: 'consul-unread',
  text: `who should be served is not known: ${error}`,
  next: '',
  loadBalancers: [],
});

/** One that could not be read, or some backends of which could not. */
function unreadBalancer({ address, state, error }: Status['loadBalancers'][number]): Attention[] {
  if (error === undefined) return [];
  const code = state === 'read' ? 'backend-unread' : `load-balancer-${state}`;
  return [{ level: 'failed', code, text: error, next: '', loadBalancers: [address] }];
}

/** What the next run would say of it, but for what is told already: that it, or Consul, could not be read. */
function ofReport({ address, state, observed, report }: BalancerLook, look: FleetLook): Attention[] {
  const unread = new Set([...(observed?.failures?.values() ?? [])].map(textOf));
  return report.problems
    .filter((problem) => {
      if (problem.code === 'consul-failed' || problem.code === 'failed')
        return look.consulError === undefined;
      if (problem.code === 'haproxy-failed') return state === 'read' && !unread.has(problem.text);
      return !isDistrust(problem, look);
    })
    .map((problem) => ofProblem(problem, [address]));
}

/** It is Consul's error by then. */
function isDistrust({ code }: ReportedProblem, { catalogView }: FleetLook): boolean {
  if (!catalogView) return false;
  return [...catalogView.view.absences.values()].some(
    (absence) => absence.believed === 'no' && absence.fails === 'always' && absence.why.code === code,
  );
}

function ofProblem(problem: ReportedProblem, loadBalancers: readonly string[]): Attention {
  const { backend, instance } = problem as { readonly backend?: string; readonly instance?: string | null };
  return {
    level: levelOf(problem),
    code: problem.code,
    text: problem.text,
    next: nextStepOf(problem),
    loadBalancers,
    ...(backend === undefined ? {} : { backend }),
    ...(instance == null ? {} : { instance }),
  };
}

/** Who is left out fails `apply`, and is worth a look for who only looks; so is a pool that nobody serves. */
function levelOf(problem: ReportedProblem): Attention['level'] {
  if (isLeftOut(problem) || problem.code === UNSERVED) return 'look';
  return problem.level === 'error' ? 'failed' : 'note';
}

const UNSERVED = 'nobody-serves';

/** Pools that serve nobody, where no run says so, with why. */
function unserved(
  { address, pools }: Status['loadBalancers'][number],
  problems: readonly ReportedProblem[] = [],
): Attention[] {
  return pools
    .filter(({ unserved, backend }) => unserved && !problems.some((one) => isUnserved(one, backend)))
    .map(({ backend }) => ({
      level: 'look',
      code: UNSERVED,
      text: `${backend} serves nobody`,
      next: 'requests to it are answered 503',
      loadBalancers: [address],
      backend,
    }));
}

const isUnserved = (problem: ReportedProblem, backend: string): boolean =>
  problem.code === UNSERVED && problem.backend === backend;

/** In drain by an operator; what an agent-check drained is told as that. */
function heldSlots({ address, report }: BalancerLook): Attention[] {
  const byAgent = new Set(
    report.problems.flatMap((one) => (one.code === 'held-by-agent' ? `${one.backend}/${one.slot}` : [])),
  );
  return report.pools.flatMap(({ backend, heldSlots: held }) =>
    held.flatMap(({ slot, instance }): Attention[] => {
      const name = `${backend}/${slot}`;
      if (byAgent.has(name)) return [];
      const at = { next: `iri-lb undrain ${name} ends it`, loadBalancers: [address], backend };
      if (instance === null)
        return [
          { level: 'look', code: 'held-for-nobody', text: `${name} is held in drain for nobody`, ...at },
        ];
      return [
        { level: 'note', code: 'held', text: `${name} is held in drain, for ${instance}`, ...at, instance },
      ];
    }),
  );
}

const IS_PLAIN = /^[A-Za-z0-9_.:@/-]+$/;

function downThoughPassing({ loadBalancers, instances }: Known): Attention[] {
  const passing = new Set(
    (instances ?? []).filter(({ health }) => isHealthy(health)).map(({ instance }) => instance),
  );
  return loadBalancers.flatMap(({ address, slots }) =>
    slots.flatMap((slot): Attention[] => {
      const { instance, backend } = slot;
      if (instance === null || !passing.has(instance) || wordOf(slot) !== 'down') return [];
      const text = `${instance} passes in Consul, and HAProxy has it ${slot.status} in ${backend}/${slot.slot}${lastWord(slot)}`;
      // A name that a shell takes apart is nobody's to paste.
      const next = IS_PLAIN.test(instance) ? `iri-lb why ${instance}` : 'iri-lb why says more';
      return [
        {
          level: 'note',
          code: 'down-though-passing',
          text,
          next,
          loadBalancers: [address],
          backend,
          instance,
        },
      ];
    }),
  );
}

/** ` for 4 min: L4CON (Connection refused)`, as far as HAProxy says it. */
function lastWord({ since, check }: SlotStatus): string {
  const span = since === null ? '' : ` for ${spanText(since.seconds * 1000)}`;
  if (check === null) return span;
  return `${span}: ${check.status}${check.words === '' ? '' : ` (${check.words})`}`;
}

/** A difference begins with its backend. */
function differs(difference: string): Attention {
  const [backend = ''] = difference.split(' ', 1);
  return { level: 'look', code: 'differs', text: difference, next: '', loadBalancers: [], backend };
}

/** The same on several load balancers once. */
function foldedIn(found: readonly Attention[]): Attention[] {
  const known = new Map<string, Attention & { readonly loadBalancers: string[] }>();
  for (const one of found) {
    // Each load balancer's own name, and for how long, are no differences between two.
    const [at] = one.loadBalancers;
    const text = one.text.replace(/ for \d+ (?:s|min|h|d)\b/, '');
    const key = `${one.code} ${at === undefined ? text : text.replaceAll(at, '')}`;
    const same = known.get(key);
    if (same) same.loadBalancers.push(...one.loadBalancers);
    else known.set(key, { ...one, loadBalancers: [...one.loadBalancers] });
  }
  return [...known.values()];
}
