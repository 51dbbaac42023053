// Who a pool should serve on one load balancer, as a run would decide it on what was read. Pure.
import type { Pool } from '../config/pools.js';
import type { ObservedServer } from '../model/server.js';
import { type DesiredServer, desiredServers, type Unresolved } from '../plan/desired.js';
import type { PlaceGroup } from '../plan/placement.js';
import { placementOf } from '../plan/placement-of.js';
import { drainedIn, statesIn } from '../plan/states.js';
import type { Facts } from './facts.js';

/** A pool on one load balancer. What is undefined is not known: Consul could not be read. */
export interface PoolHere {
  readonly pool: Pool;
  readonly groups: readonly PlaceGroup[];
  readonly servers: readonly DesiredServer[] | undefined;
  readonly unresolved: readonly Unresolved[];
  /** By `address:port`: who is there in the catalog, selected by the pool or not. */
  readonly labels: ReadonlyMap<string, string> | undefined;
}

export function desiredIn(
  pool: Pool,
  observed: readonly ObservedServer[],
  { catalog }: Pick<Facts, 'catalog'>,
): PoolHere {
  const groups = placementOf(pool).groupsOf(pool, observed);
  if ('failure' in catalog) return { pool, groups, servers: undefined, unresolved: [], labels: undefined };
  const { selected, labels } = catalog.view;
  const states = statesIn(groups, drainedIn(groups));
  const { servers, unresolved } = desiredServers(selected.get(pool.backend) ?? [], states);
  return { pool, groups, servers, unresolved, labels: labels.get(pool.service) ?? new Map() };
}
