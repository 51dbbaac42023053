// The verdict in words: what is the same on several load balancers is said once, what is worst first. Pure.

import { plainText } from '../../model/text.js';
import type { Standing, Verdict, WhyLoadBalancer, WhyPlace } from '../../model/why.js';
import type { ReportedCause } from '../../model/why-causes.js';
import type { WhyQuestion } from './question.js';

/** Places that stand the same, for the same reason. */
interface Clause {
  readonly standing: Standing;
  readonly cause: ReportedCause | undefined;
  readonly places: { readonly address: string; readonly backend: string | null }[];
}

/** `inConsul`: what stands in its way whatever the load balancers hold, told where none could be read. */
export function verdictOf(
  { asked, look, target }: WhyQuestion,
  name: string,
  loadBalancers: readonly WhyLoadBalancer[],
  inConsul: readonly ReportedCause[],
): Verdict {
  const clauses = clausesOf(loadBalancers);
  const serves = servesOf(loadBalancers);
  const who = asked === name || target.label === null ? plainText(asked) : `${plainText(asked)} (${name})`;
  const [hindrance] = serves === 'unknown' ? inConsul : [];
  const isAllKnown = look.report.consul.error === undefined;
  const texts = [
    ...clauses.map((clause, at) => clauseText(clause, loadBalancers, at === 0)),
    ...(clauses.length === 0 ? ['may be in rotation or not: no load balancer is known'] : []),
    ...(hindrance ? [`in Consul: ${hindrance.text}`] : []),
    ...(isAllKnown || clauses.length === 0 ? [] : ['not every load balancer is known']),
  ];
  const unread = look.consulError !== undefined || loadBalancers.some(isUnread);
  return {
    serves,
    unread: unread || clauses.length === 0 || !isAllKnown,
    text: `${who} ${texts.join('; ')}`,
    causes: distinct(
      clauses.map(({ cause }) => cause),
      loadBalancers,
      hindrance,
    ),
  };
}

const isUnread = ({ state, places }: WhyLoadBalancer): boolean =>
  state !== 'read' || places.some(({ standing }) => standing === 'unknown');

function servesOf(loadBalancers: readonly WhyLoadBalancer[]): Verdict['serves'] {
  const known = loadBalancers
    .flatMap(({ places }) => places)
    .filter(({ standing }) => standing !== 'unknown');
  if (known.length === 0) return 'unknown';
  const serving = known.filter(({ standing }) => standing !== 'out');
  return serving.length === known.length ? 'everywhere' : serving.length === 0 ? 'nowhere' : 'partly';
}

const ORDER: readonly Standing[] = ['out', 'still-in', 'in', 'unknown'];

function clausesOf(loadBalancers: readonly WhyLoadBalancer[]): Clause[] {
  const clauses = new Map<string, Clause>();
  for (const { address, places } of loadBalancers)
    for (const { standing, causes, backend } of places) {
      const [cause] = causes;
      const key = `${standing} ${cause?.text}`;
      const clause = clauses.get(key) ?? { standing, cause, places: [] };
      clauses.set(key, clause);
      clause.places.push({ address, backend });
    }
  return [...clauses.values()].sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing));
}

/** With the verb in the first; the others have only what differs. */
function clauseText(clause: Clause, loadBalancers: readonly WhyLoadBalancer[], isFirst: boolean): string {
  const { standing, cause } = clause;
  const where = whereText(clause, loadBalancers);
  const verb = isFirst ? 'is ' : '';
  if (standing === 'unknown')
    return `${isFirst ? 'may be in rotation or not' : 'not known'} ${where}: ${cause?.text}`;
  const why = cause ? `: ${cause.text}` : '';
  if (standing === 'in') return `${verb}in rotation ${where}${cause ? `, but: ${cause.text}` : ''}`;
  return `${verb}${standing === 'out' ? 'out of rotation' : 'still in rotation'} ${where}${why}`;
}

/** `on both`, `on 10.0.0.5:9999`, `in iri_pow_back on both`. */
function whereText({ places }: Clause, loadBalancers: readonly WhyLoadBalancer[]): string {
  const here = new Set(places.map(({ address }) => address));
  const isWhole = loadBalancers
    .filter(({ address }) => here.has(address))
    .every(
      ({ address, places: all }) => all.length === places.filter((one) => one.address === address).length,
    );
  const on = onText(
    [...here],
    loadBalancers.map(({ address }) => address),
  );
  if (isWhole) return on;
  return `in ${[...new Set(places.map(({ backend }) => backend))].join(' and ')} ${on}`;
}

const MAX_NAMED = 2;

function onText(some: readonly string[], all: readonly string[]): string {
  const names = shortNames(all);
  if (some.length === all.length && all.length > 1)
    return all.length === 2 ? 'on both' : `on all ${all.length}`;
  const named = some.slice(0, MAX_NAMED).map((address) => names.get(address) ?? address);
  if (some.length <= MAX_NAMED) return `on ${named.join(' and ')}`;
  return `on ${some.length} of ${all.length} (${named.join(', ')}, …)`;
}

/** Without their scheme, where that names one alone. */
export function shortNames(addresses: readonly string[]): ReadonlyMap<string, string> {
  const short = (address: string): string => address.replace(/^(?:tcp|tls):\/\//, '');
  const counts = new Map<string, number>();
  for (const address of addresses) counts.set(short(address), (counts.get(short(address)) ?? 0) + 1);
  return new Map(
    addresses.map((address) => [address, counts.get(short(address)) === 1 ? short(address) : address]),
  );
}

/** Those of the verdict first, then all others of any place, each text once. */
function distinct(
  first: readonly (ReportedCause | undefined)[],
  loadBalancers: readonly WhyLoadBalancer[],
  last: ReportedCause | undefined,
): ReportedCause[] {
  const others = loadBalancers.flatMap(({ places }) => places.flatMap((place: WhyPlace) => place.causes));
  const found = new Map<string, ReportedCause>();
  for (const cause of [...first, ...others, last])
    if (cause && !found.has(cause.text)) found.set(cause.text, cause);
  return [...found.values()];
}
