// The catalog as the pools see it: who is selected where, and who is at an address. Pure.

import type { Config } from '../config/pools.js';
import { byNodeAndId, type ParsedRows, type ServiceInstance } from '../consul/rows.js';
import { printHostPort } from '../model/address.js';
import { tagTable } from '../model/tags.js';
import type { Answers } from './desired.js';
import { type Candidate, type Located, locate, selectFor } from './selection.js';

/** Everything a plan needs to know of Consul, the same for every load balancer. */
export interface CatalogView {
  readonly warnings: readonly string[];
  /** By backend, ordered by (node, id). */
  readonly candidates: ReadonlyMap<string, readonly Candidate[]>;
  readonly answers: Answers;
  /** Of names that do not resolve now: what they resolved to before in this environment. */
  readonly lastKnown: Answers;
  /** By service: the label of whoever is at an `address:port`. */
  readonly whoIsAt: (service: string, hostPort: string) => string | undefined;
}

/** A service's instances at usable addresses. */
export type LocatedServices = ReadonlyMap<string, readonly Located[]>;

/** Locates every service's instances; `warn` is told what is unusable. */
export function locateServices(
  config: Config,
  services: ReadonlyMap<string, ParsedRows>,
  warn: (text: string) => void,
): LocatedServices {
  const located = new Map<string, Located[]>();
  for (const [service, { instances }] of services) {
    const pools = config.pools.filter((pool) => pool.service === service);
    located.set(service, locate(instances, config.tagPrefix, tagTable({ pools }), warn));
  }
  return located;
}

/** The host names that have to be resolved, each once, in order. */
export function hostNamesOf(services: LocatedServices): string[] {
  const names = new Set<string>();
  for (const located of services.values())
    for (const { hostName } of located) if (hostName) names.add(hostName);
  return [...names].sort();
}

export function viewCatalog(
  config: Config,
  services: LocatedServices,
  answers: Answers,
  warnings: readonly string[],
  lastKnown: Answers = new Map(),
): CatalogView {
  const directories = new Map(
    [...services].map(([service, located]) => [service, directoryOf(located, answers)]),
  );
  return {
    warnings,
    candidates: new Map(
      config.pools.map((pool) => [pool.backend, selectFor(pool, services.get(pool.service) ?? [])]),
    ),
    answers,
    lastKnown,
    whoIsAt: (service, hostPort) => directories.get(service)?.get(hostPort),
  };
}

function directoryOf(located: readonly Located[], answers: Answers): Map<string, string> {
  const directory = new Map<string, string>();
  for (const { ip, hostName, port, label } of located) {
    for (const address of ip === undefined ? (answers.get(hostName ?? '') ?? []) : [ip]) {
      const at = printHostPort(address, port);
      if (!directory.has(at)) directory.set(at, label);
    }
  }
  return directory;
}

/**
 * What two reads of a service say together: an instance is gone only when neither has it; where both
 * have it, the second one's word counts.
 */
export function eitherRead(first: ParsedRows, second: ParsedRows): ParsedRows {
  const identity = ({ node, id }: ServiceInstance): string => JSON.stringify([node, id]);
  const instances = new Map(first.instances.map((instance) => [identity(instance), instance]));
  for (const instance of second.instances) instances.set(identity(instance), instance);
  return {
    instances: [...instances.values()].sort(byNodeAndId),
    warnings: [...new Set([...first.warnings, ...second.warnings])],
    unreadable: Math.max(first.unreadable, second.unreadable),
  };
}
