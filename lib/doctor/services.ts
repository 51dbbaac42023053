// Judges the services of the pools: whether Consul lists anybody of them, and which names it has instead. Pure.
import type { Config } from '../config/pools.js';
import { nearNames } from '../model/nearest.js';
import { placementOf } from '../plan/placement-of.js';
import type { Facts } from './facts.js';
import { error, type Finding, warning } from './finding.js';
import { counted, someOf } from './names.js';

/** Nothing where the token may not read the service: that is found elsewhere, and an empty answer means nothing. */
export function judgeServices(config: Config, facts: Facts): Finding[] {
  const { catalog, rights } = facts;
  if ('failure' in catalog || rights?.nodeRead === 'denied') return [];
  return [...catalog.listed].flatMap(([service, listed]) => {
    if (listed > 0) return [];
    const may = rights?.services.find((entry) => entry.service === service);
    if (may?.read === 'denied' || may?.filtered) return [];
    const near = nearNames(service, facts.serviceNames);
    const others = near.length > 0 ? near : facts.serviceNames.filter((name) => name !== 'consul');
    const here = near.length > 0 ? `; near names are ${someOf(near)}` : namesText(others);
    const todo = 'correct pools.service in LB_CONFIG, or register its instances';
    const ready = readyOf(config, service, facts);
    return ready === 0
      ? [warning('catalog', service, `Consul lists nobody of this service${here}`, todo)]
      : [
          error(
            'catalog',
            service,
            `Consul lists nobody of this service${here}; ${counted(ready, 'ready server')} ${ready === 1 ? 'is' : 'are'} kept until it does`,
            `${todo}; where it is gone for good, iri-lb apply --force takes them out`,
          ),
        ];
  });
}

const namesText = (names: readonly string[]): string =>
  names.length === 0 ? '' : `; it lists ${someOf(names)}`;

/** Servers with an address in all pools of the service, on all load balancers. */
function readyOf({ pools }: Config, service: string, { loadBalancers }: Facts): number {
  let ready = 0;
  for (const { found } of loadBalancers) {
    if ('failure' in found) continue;
    for (const pool of pools) {
      const backend = pool.service === service ? found.backends.get(pool.backend) : undefined;
      if (!backend || 'failure' in backend) continue;
      for (const { places } of placementOf(pool).groupsOf(pool, backend.servers)) {
        ready += places.filter(({ server, hostPort }) => server.state === 'ready' && hostPort).length;
      }
    }
  }
  return ready;
}
