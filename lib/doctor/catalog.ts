// Judges what is registered: tags, addresses, names that do not resolve, instances that contradict. Pure.
import type { Config } from '../config/pools.js';
import { textOf } from '../model/problem.js';
import { desiredServers } from '../plan/desired.js';
import type { Facts } from './facts.js';
import { errorFrom, type Finding, ok, problemFinding } from './finding.js';

export function judgeCatalog(config: Config, { catalog, token, consul }: Facts): Finding[] {
  const services = [...new Set(config.pools.map(({ service }) => service))].join(', ');
  if ('failure' in catalog) {
    const isExplained = typeof token.found === 'object' || consul.every(({ failure }) => failure);
    return isExplained ? [] : [errorFrom('catalog', services, catalog.failure)];
  }
  const { problems, selected } = catalog.view;
  const conflicts = [...selected.values()].flatMap(
    (ofPool) => desiredServers(ofPool, () => undefined).problems,
  );
  const found = new Map(
    [...problems, ...conflicts].map((problem) => [
      textOf(problem),
      problemFinding('catalog', services, problem),
    ]),
  );
  const instances = [...catalog.listed.values()].reduce((sum, count) => sum + count, 0);
  return found.size > 0
    ? [...found.values()]
    : [ok('catalog', services, `${instances} instances, all understood`)];
}
