// Asks for a balance that listings do not tell where it matters: where a server has not the weight it should have.
import type { Pool } from '../config/pools.js';
import type { DoctorDeps } from './deps.js';
import { desiredIn } from './desired.js';
import type { BackendFacts, Facts, LoadBalancerFacts } from './facts.js';
import { questionBalance } from './gather-haproxy.js';

/** The facts with each balance that had to be asked for. */
export async function gatherBalances(deps: DoctorDeps, facts: Facts): Promise<Facts> {
  const { pools } = deps.settings.config;
  const loadBalancers = await Promise.all(
    facts.loadBalancers.map((loadBalancer) => withBalances(deps, pools, facts, loadBalancer)),
  );
  return { ...facts, loadBalancers };
}

async function withBalances(
  deps: DoctorDeps,
  pools: readonly Pool[],
  facts: Facts,
  loadBalancer: LoadBalancerFacts,
): Promise<LoadBalancerFacts> {
  const { found } = loadBalancer;
  if ('failure' in found) return loadBalancer;
  const backends = new Map(found.backends);
  for (const pool of pools) {
    const backend = backends.get(pool.backend);
    if (!backend || 'failure' in backend || backend.balance !== 'hidden') continue;
    const slot = slotWithoutItsWeight(pool, backend, facts);
    if (slot === undefined) continue;
    const balance = await questionBalance(deps, loadBalancer, pool.backend, slot);
    backends.set(pool.backend, { ...backend, balance });
  }
  return { ...loadBalancer, found: { ...found, backends } };
}

/** One that serves who it should, but with the weight of the configuration. */
function slotWithoutItsWeight(pool: Pool, { servers, declared }: BackendFacts, facts: Facts) {
  const { groups, servers: desired } = desiredIn(pool, servers, facts);
  for (const { transport, places } of groups) {
    for (const { server, hostPort } of places) {
      if (server.state !== 'ready' || server.weight !== declared.get(server.slot)?.configuredWeight) continue;
      const wanted = desired?.find((one) => one.hostPort === hostPort && one.transport === transport);
      if (wanted && wanted.weight > 0 && wanted.weight !== server.weight) return server.slot;
    }
  }
  return undefined;
}
