// Judges what is registered: tags, addresses, names that do not resolve, instances that contradict. Pure.
import type { Config } from '../config/pools.js';
import { desiredServers } from '../plan/desired.js';
import type { Facts } from './facts.js';
import { errorFrom, type Finding, ok, warning } from './finding.js';

export function judgeCatalog(config: Config, { catalog, token, consul }: Facts): Finding[] {
  const services = [...new Set(config.pools.map(({ service }) => service))].join(', ');
  if ('error' in catalog) {
    const isExplained = typeof token.found === 'object' || consul.every(({ failure }) => failure);
    return isExplained ? [] : [errorFrom('catalog', services, catalog.error)];
  }
  const { warnings, candidates, answers } = catalog.view;
  const conflicts = [...candidates.values()].flatMap(
    (selected) => desiredServers(selected, answers, () => undefined).warnings,
  );
  const found = [...new Set([...warnings, ...conflicts])].map((text) =>
    warning(
      'catalog',
      services,
      text,
      text.startsWith('host name ')
        ? 'correct the address it is registered with, or the name server of this host'
        : 'correct its registration in Consul (iri-lb node add checks what it is given)',
    ),
  );
  return found.length > 0
    ? found
    : [ok('catalog', services, `${catalog.instances} instances, all understood`)];
}
