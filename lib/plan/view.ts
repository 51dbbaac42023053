// What a plan is made on, the same for every load balancer: who is selected where, and who is at an address. Pure.
import type { Config } from '../config/pools.js';
import { tagTableOf } from '../config/tag-keys.js';
import { printHostPort } from '../model/address.js';
import type { Problem } from '../model/problem.js';
import type { Absence, Catalog } from '../model/source.js';
import { type Located, locate, type Selected, selectFor } from './selection.js';

/** What of the configuration a view depends on. */
export type ViewConfig = Pick<Config, 'pools' | 'tagPrefix' | 'haproxy'>;

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
  /** By backend, ordered by (node, id). */
  readonly selected: ReadonlyMap<string, readonly Selected[]>;
  /** By backend. */
  readonly counts: ReadonlyMap<string, Counts>;
  /** By service, then by `address:port`: the label of whoever is there, selected by a pool or not. */
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

/** Parses what each service's instances say; what is unusable is among the problems. */
export function locateCatalog(config: ViewConfig, catalog: Catalog): LocatedCatalog {
  const problems = [...catalog.problems];
  const services = new Map<string, readonly Located[]>();
  for (const { service, instances } of catalog.services) {
    const table = tagTableOf(config, service);
    const located = locate(instances, config.tagPrefix, table, (problem) => problems.push(problem));
    services.set(service, located);
  }
  const listed = new Map(catalog.services.map(({ service, instances }) => [service, instances.length]));
  return { services, listed, absences: absencesOf(catalog), problems };
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

/** The view of a located catalog, once its names are resolved; `problems` are those of resolving. */
export function viewOf(
  { pools }: Pick<Config, 'pools'>,
  located: LocatedCatalog,
  answers: Addresses,
  lastKnown: Addresses = new Map(),
  problems: readonly Problem[] = [],
): View {
  const { services, listed, absences } = located;
  const selected = new Map(
    pools.map((pool) => [pool.backend, selectFor(pool, services.get(pool.service) ?? [])]),
  );
  return {
    selected,
    counts: new Map(
      pools.map(({ backend, service }) => {
        const count = selected.get(backend)?.length ?? 0;
        return [backend, { listed: listed.get(service) ?? 0, selected: count, refused: 0 }];
      }),
    ),
    labels: new Map([...services].map(([service, entries]) => [service, labelsOf(entries, answers)])),
    answers,
    lastKnown,
    absences,
    problems: [...located.problems, ...problems],
  };
}

/** The first by (node, id) of those at one address. */
function labelsOf(located: readonly Located[], answers: Addresses): Map<string, string> {
  const labels = new Map<string, string>();
  for (const { ip, hostName, port, label } of located) {
    for (const address of ip === undefined ? (answers.get(hostName ?? '') ?? []) : [ip]) {
      const hostPort = printHostPort(address, port);
      if (!labels.has(hostPort)) labels.set(hostPort, label);
    }
  }
  return labels;
}
