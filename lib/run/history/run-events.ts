// What a run tells: its changes, who is held in drain, whether it failed, and whether Consul could be read. Pure.
import type { MadeChange } from '../../model/change.js';
import { type Happening, isoOf, type Lag, type Trigger } from '../../model/history.js';
import type { LoadBalancerReport, PoolReport, Report } from '../../model/report.js';
import { plainText } from '../../model/text.js';
import {
  balancerIn,
  type Failing,
  isChangedBetween,
  type Known,
  type KnownBalancer,
  reasonKey,
  slotKey,
} from './known.js';

export interface AboutChanges {
  readonly trigger?: Trigger;
  readonly lag?: Lag;
}

/** The part of a report that the history is made of; the functions' log lines have it, too. */
export interface RunFacts {
  readonly covered?: true;
  readonly consul: Pick<Report['consul'], 'index' | 'error'>;
  readonly loadBalancers: readonly BalancerFacts[];
}

export interface BalancerFacts
  extends Pick<LoadBalancerReport, 'address' | 'error'>,
    Partial<Pick<LoadBalancerReport, 'problems'>> {
  /** That Consul failed, where its problems are not told. */
  readonly consulFailed?: boolean;
  readonly changes: readonly MadeChange[];
  readonly pools: readonly Pick<PoolReport, 'backend' | 'heldSlots'>[];
}

/** Characters kept of a sentence, and sentences of one event. */
const MAX_TEXT = 500;
const MAX_TEXTS = 10;
/** Until somebody looks. */
const MAX_SUSPECTS = 1_000;

/** A text that came from elsewhere, as it is kept. */
export const kept = (text: string): string => plainText(text, MAX_TEXT);

/** In the order in which things have to have happened: Consul, changes, drains, failures. */
export function eventsOfRun(known: Known, run: RunFacts, about: AboutChanges, atMs: number): Happening[] {
  if (run.covered) return [];
  const lost = run.loadBalancers.flatMap((balancer) => consulFailureOf(balancer) ?? [])[0];
  return [
    ...consulEvents(known, lost, run.consul.index !== '0', atMs),
    ...run.loadBalancers.flatMap((balancer) => ofBalancer(known, balancer, about, atMs)),
    ...failingEvents(known, run.consul.error === undefined ? [] : [run.consul.error], {}, atMs),
  ];
}

/** `error`: it could not be read; `isRead`: it could. Where neither holds nobody asked it. */
export function consulEvents(
  known: Known,
  error: string | undefined,
  isRead: boolean,
  atMs: number,
): Happening[] {
  if (error !== undefined) {
    if (known.consulLost !== undefined) return [];
    known.consulLost = isoOf(atMs);
    return [{ kind: 'consul-lost', error: kept(error) }];
  }
  const since = known.consulLost;
  if (!isRead || since === undefined) return [];
  delete known.consulLost;
  return [{ kind: 'consul-back', since }];
}

/** A failure is told of when it begins, when its reason becomes another, and when it is over. */
export function failingEvents(
  holder: { failing?: Failing },
  errors: readonly string[],
  of: { readonly loadBalancer?: string },
  atMs: number,
): Happening[] {
  const { failing } = holder;
  if (errors.length === 0) {
    if (!failing) return [];
    delete holder.failing;
    return [{ kind: 'runs-well', ...of, since: failing.since }];
  }
  const texts = errors.slice(0, MAX_TEXTS).map(kept);
  const key = reasonKey(texts);
  if (failing?.key === key) return [];
  holder.failing = { since: failing?.since ?? isoOf(atMs), key };
  return [{ kind: 'runs-failing', ...of, errors: texts }];
}

function ofBalancer(known: Known, facts: BalancerFacts, about: AboutChanges, atMs: number): Happening[] {
  const { address, changes, pools, error } = facts;
  const balancer = balancerIn(known, address);
  const made = changes.flatMap((change) => ofChange(balancer, address, change, about, atMs));
  const drains = eventsOfHeld(known, address, pools);
  // Consul's failure is everybody's, and told of once; what else is wrong with this one is not known then.
  if (consulFailureOf(facts) !== undefined) return [...made, ...drains];
  const errors = error === undefined ? [] : [error];
  return [...made, ...drains, ...failingEvents(balancer, errors, { loadBalancer: address }, atMs)];
}

/** What it says of Consul; undefined where that could be read. */
function consulFailureOf({ problems = [], consulFailed, error }: BalancerFacts): string | undefined {
  const failure = problems.find(({ code }) => code === 'consul-failed');
  return failure?.text ?? (consulFailed ? (error ?? 'it could not be read') : undefined);
}

function ofChange(
  balancer: KnownBalancer,
  loadBalancer: string,
  { backend, slot, instance, action, before, after, reason, result, error }: MadeChange,
  { trigger, lag }: AboutChanges,
  atMs: number,
): Happening[] {
  const key = slotKey(backend, slot);
  const place = { loadBalancer, backend, slot, instance };
  const known = balancer.servers.get(key);
  const { length } = balancer.suspects;
  if (known && length < MAX_SUSPECTS && isChangedBetween(known.settings, before))
    balancer.suspects.push({ kind: 'changed-elsewhere', ...place, before: known.settings, after: before });
  if (result === 'done') {
    balancer.servers.set(key, { settings: after, status: undefined, atMs });
    if (after.state !== 'ready') balancer.down.delete(key);
    if (action === 'remove') balancer.instances.delete(key);
    else if (instance !== null) balancer.instances.set(key, instance);
  } else if (result === 'failed') balancer.servers.delete(key);
  return [
    {
      kind: 'change',
      ...place,
      action,
      before,
      after,
      reason: kept(reason),
      result,
      ...(error === undefined ? {} : { error: kept(error) }),
      ...(trigger === undefined ? {} : { trigger }),
      ...(lag === undefined ? {} : { lag }),
    },
  ];
}

/** By what is held now; who was put into drain before anybody looked is told of, too. */
export function eventsOfHeld(known: Known, loadBalancer: string, pools: BalancerFacts['pools']): Happening[] {
  const balancer = balancerIn(known, loadBalancer);
  const already = balancer.isMet || known.hasPast ? {} : { already: true as const };
  balancer.isMet ||= pools.length > 0;
  return pools.flatMap(({ backend, heldSlots }) => {
    const now = new Map(heldSlots.map(({ slot, instance }) => [slotKey(backend, slot), { slot, instance }]));
    const drained = [...now].filter(([key]) => !balancer.held.has(key));
    const undrained = [...balancer.held].filter((key) => key.startsWith(`${backend}/`) && !now.has(key));
    const of = (slot: string, instance: string | null) => ({ loadBalancer, backend, slot, instance });
    const events: Happening[] = [];
    for (const [key, { slot, instance }] of drained) {
      balancer.held.add(key);
      if (instance !== null) balancer.instances.set(key, instance);
      events.push({ kind: 'drained', ...of(slot, instance), ...already });
    }
    for (const key of undrained) {
      balancer.held.delete(key);
      const slot = key.slice(backend.length + 1);
      events.push({ kind: 'undrained', ...of(slot, balancer.instances.get(key) ?? null) });
    }
    return events;
  });
}
