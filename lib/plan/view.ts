// What a plan is made on, the same for every load balancer: who is selected where, and who is at an address. Pure.
import type { Config, Pool } from '../config/pools.js';
import { tagTableOf } from '../config/tag-keys.js';
import { printHostPort } from '../model/address.js';
import { healthiestFirst } from '../model/instance.js';
import { type IpPort, judgeOf } from '../model/networks.js';
import type { Problem } from '../model/problem.js';
import { limited, limitProblems } from '../model/problem-limit.js';
import type { Absence, Catalog } from '../model/source.js';
import { Refusals } from './refusals.js';
import { exclusionOf, type Located, locate, type Selected, settleFor } from './selection.js';

/** What of the configuration a view depends on. */
export type ViewConfig = Pick<Config, 'pools' | 'tagPrefix' | 'haproxy' | 'networks' | 'listeners'>;

/** Host name to the addresses it has. */
export type Addresses = ReadonlyMap<string, readonly string[]>;

/** How many instances a pool has, and what became of them. */
export interface Counts {
  /** Instances that Consul lists for the pool's service, usable or not. */
  readonly listed: number;
  /** Of those, at a usable address: whom the pool's rule selects. */
  readonly selected: number;
  /** Of the selected: whose every address is one that no server may have; nobody is served where it is all of them. */
  readonly refused: number;
}

/** A catalog with its names resolved, as the pools see it. Data: it can be printed, cloned and compared. */
export interface View {
  /** By service, ordered by (node, id): everybody at a usable address; `exclusionOf` says why a pool leaves one out. */
  readonly located: ReadonlyMap<string, readonly Located[]>;
  /** By backend, ordered by (node, id): at addresses that a server may have. */
  readonly selected: ReadonlyMap<string, readonly Selected[]>;
  /** By backend. */
  readonly counts: ReadonlyMap<string, Counts>;
  /** By service, then by `address:port`: the label of whoever is there, selected by a pool or not; of the healthiest. */
  readonly labels: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** A name that is absent did not resolve. */
  readonly answers: Addresses;
  /** Of names that do not resolve now: what they resolved to before in this environment. */
  readonly lastKnown: Addresses;
  /** By service. */
  readonly absences: ReadonlyMap<string, Absence>;
  readonly problems: readonly Problem[];
}

/** A catalog whose addresses, ports and tags are parsed; its host names are still to be resolved. */
export interface LocatedCatalog {
  /** By service. */
  readonly services: ReadonlyMap<string, readonly Located[]>;
  /** By service: how many instances are listed, usable or not. */
  readonly listed: ReadonlyMap<string, number>;
  readonly absences: ReadonlyMap<string, Absence>;
  readonly problems: readonly Problem[];
}

/** What was found out beside the catalog. */
export interface Surroundings {
  readonly lastKnown?: Addresses;
  /** Of resolving. */
  readonly problems?: readonly Problem[];
  /** The admin sockets of the load balancers: nothing may be served there. */
  readonly admins?: readonly IpPort[];
}

/** Parses what each service's instances say; what is unusable is among the problems. */
export function locateCatalog(config: ViewConfig, catalog: Catalog): LocatedCatalog {
  const limit = limitProblems();
  for (const problem of catalog.problems) limit.tell(problem);
  const services = new Map<string, readonly Located[]>();
  const listed = new Map<string, number>();
  for (const { service, instances } of catalog.services) {
    const table = tagTableOf(config, service);
    services.set(service, locate(instances, config.tagPrefix, table, limit.tell));
    listed.set(service, instances.length);
  }
  return { services, listed, absences: absencesOf(catalog), problems: limit.problems() };
}

/** How far each service's absences may be believed. */
export function absencesOf(catalog: Catalog): ReadonlyMap<string, Absence> {
  return new Map(catalog.services.map(({ service, absence }) => [service, absence]));
}

/** The host names that have to be resolved, each once, in order. */
export function hostNamesOf({ services }: LocatedCatalog): string[] {
  const names = new Set<string>();
  for (const located of services.values())
    for (const { hostName } of located) if (hostName) names.add(hostName);
  return [...names].sort();
}

/** The view of a located catalog, once its names are resolved. */
export function viewOf(
  config: Pick<ViewConfig, 'pools' | 'networks' | 'listeners'>,
  catalog: LocatedCatalog,
  answers: Addresses,
  { lastKnown = new Map(), problems = [], admins = [] }: Surroundings = {},
): View {
  const located = new Map([...catalog.services].map(([name, all]) => [name, withAnswers(all, answers)]));
  const refusals = new Refusals(judgeOf(config, admins));
  const selected = new Map<string, readonly Selected[]>();
  const counts = new Map<string, Counts>();
  for (const pool of config.pools) {
    const chosen = (located.get(pool.service) ?? []).filter((one) => !exclusionOf(pool, one));
    const allowed = chosen.flatMap((one) => refusals.allowed(one) ?? []);
    selected.set(pool.backend, settleFor(pool, allowed));
    counts.set(pool.backend, countsOf(pool, catalog, chosen.length, allowed.length));
  }
  return {
    located,
    selected,
    counts,
    labels: new Map([...located].map(([service, entries]) => [service, labelsOf(entries)])),
    answers,
    lastKnown,
    absences: catalog.absences,
    problems: limited([...catalog.problems, ...problems, ...refusals.problems]),
  };
}

function withAnswers(all: readonly Located[], answers: Addresses): Located[] {
  return all.map((one) => {
    const found = one.hostName === undefined ? undefined : answers.get(one.hostName);
    return found && found.length > 0 ? { ...one, addresses: found } : one;
  });
}

function countsOf({ service }: Pool, { listed }: LocatedCatalog, selected: number, allowed: number): Counts {
  return { listed: listed.get(service) ?? 0, selected, refused: selected - allowed };
}

/** Of those at one address the healthiest, by (node, id) among equals. */
function labelsOf(located: readonly Located[]): Map<string, string> {
  const holders = new Map<string, Located>();
  const labels = new Map<string, string>();
  for (const one of located) {
    for (const address of one.addresses ?? []) {
      // That of a literal is printed already.
      const hostPort = one.hostName === undefined ? one.registered : printHostPort(address, one.port);
      const holder = holders.get(hostPort);
      if (holder && healthiestFirst(one.instance, holder.instance) >= 0) continue;
      holders.set(hostPort, one);
      labels.set(hostPort, one.label);
    }
  }
  return labels;
}
