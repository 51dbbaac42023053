// Judges where HAProxy is not as Consul says: what the next run would change, keep or take out, by pool. Pure.
import type { Config, Pool } from '../config/pools.js';
import { printHostPort } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { Problem } from '../model/problem.js';
import type { ObservedServer } from '../model/server.js';
import { plan } from '../plan/plan.js';
import type { View } from '../plan/view.js';
import type { Facts, HAProxyFacts, LoadBalancerFacts } from './facts.js';
import { type Finding, ok, problemFinding, warning } from './finding.js';
import { counted, someOf } from './names.js';

/** What a run would hold back, of which nothing else here tells. */
const HELD_BACK: readonly Problem['code'][] = ['selection-empty', 'removal-limit', 'server-kept-on-guess'];

/** Nobody is there: how a slot is declared is judged elsewhere. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Nothing where either side could not be read: that is found elsewhere. */
export function judgeDrift(
  config: Config,
  { name, found, sameAs }: LoadBalancerFacts,
  { catalog }: Facts,
): Finding[] {
  if ('failure' in found || 'failure' in catalog || sameAs !== undefined) return [];
  const { view } = catalog;
  const { pools, maxRemovalPercent } = config;
  const policy = { pools, maxRemovalPercent, force: false };
  const { pools: planned, heldBack } = plan(view, observedIn(found), policy);
  const held = heldBack.filter(({ code }) => HELD_BACK.includes(code));
  const drifts = pools.flatMap((pool, at) =>
    judgePool(`${name} ${pool.backend}`, pool, planned[at]?.changes ?? [], view),
  );
  const findings = [...held.map((problem) => problemFinding('fleet', name, problem)), ...drifts];
  return findings.length > 0 ? findings : [ok('fleet', name, 'has what Consul says')];
}

function observedIn({ process, backends }: HAProxyFacts) {
  const servers = new Map<string, readonly ObservedServer[]>();
  const staticBalance = new Set<string>();
  for (const [name, backend] of backends) {
    if ('failure' in backend) continue;
    servers.set(name, backend.servers);
    if (backend.balance === 'static') staticBalance.add(name);
  }
  return { process, backends: servers, staticBalance };
}

function judgePool(subject: string, { service }: Pool, changes: readonly Change[], view: View): Finding[] {
  const labels = view.labels.get(service);
  const isStranger = ({ action, before }: Change): boolean =>
    action === 'remove' &&
    before.address !== null &&
    !PLACEHOLDERS.has(before.address) &&
    labels?.has(printHostPort(before.address, before.port)) !== true;
  const strangers = changes.filter(isStranger);
  const others = changes.filter((change) => !isStranger(change));
  return [...judgeOthers(subject, others), ...judgeStrangers(subject, strangers)];
}

const ACTIONS = {
  add: 'to add',
  enable: 'to enable',
  update: 'to update',
  disable: 'to disable',
  remove: 'to take out',
} as const;

function judgeOthers(subject: string, changes: readonly Change[]): Finding[] {
  if (changes.length === 0) return [];
  const parts = Object.entries(ACTIONS).flatMap(([action, words]) => {
    const names = changes
      .filter((change) => change.action === action)
      .map(({ instance, slot }) => instance ?? slot);
    return names.length === 0 ? [] : [`${names.length} ${words} (${someOf(names)})`];
  });
  const todo = 'the next run makes it so (iri-lb plan says why); where it stays, no run succeeds';
  return [warning('fleet', subject, `is not as Consul says: ${parts.join(', ')}`, todo)];
}

/** A server of a range at whose address Consul lists nobody: somebody left, or nobody was ever registered there. */
function judgeStrangers(subject: string, changes: readonly Change[]): Finding[] {
  if (changes.length === 0) return [];
  const [one] = changes;
  const isOne = changes.length === 1;
  const where = one?.before.address ? ` at ${printHostPort(one.before.address, one.before.port)}` : '';
  const names = isOne ? `${one?.slot}${where}` : someOf(changes.map(({ slot }) => slot));
  const finding = `${counted(changes.length, 'server')} (${names}) ${isOne ? 'is' : 'are'} ready where Consul lists nobody: the next run takes ${isOne ? 'it' : 'them'} out`;
  const todo =
    'register who is to stay (iri-lb init prints the lines), or name a range of its own in LB_CONFIG before that run';
  return [warning('fleet', subject, finding, todo)];
}
