// Whether a pool serves anybody, and why not. Pure.
import type { Pool } from '../config/pools.js';
import type { Change } from '../model/change.js';
import { isHealthy } from '../model/instance.js';
import type { Problem } from '../model/problem.js';
import { isServing, type ObservedServer } from '../model/server.js';
import type { Desired } from './desired.js';
import type { PlaceGroup } from './placement.js';

/**
 * A problem where no server of the backend serves, although somebody is ready or Consul has somebody for the pool.
 * None where this very plan brings somebody, nor where nobody is to be served: a PoW pool without nodes is usual.
 */
export function unservedIn(
  { backend }: Pool,
  servers: readonly ObservedServer[],
  groups: readonly PlaceGroup[],
  desired: Desired,
  changes: readonly Change[],
): Problem[] {
  if (servers.some(isServing) || changes.some(({ after }) => after.state === 'ready' && after.weight > 0))
    return [];
  const places = groups.flatMap((group) => group.places);
  const inState = (wanted: string) => places.filter(({ server }) => server.state === wanted);
  const ready = inState('ready').map(({ server }) => server);
  if (ready.length === 0 && desired.servers.length === 0) return [];
  const up = ready.filter(({ status }) => isServing({ state: 'ready', status, weight: 1 }));
  return [
    {
      code: 'nobody-serves',
      backend,
      ready: ready.length,
      down: ready.length - up.length,
      weightless: up.length,
      held: inState('drain').length,
      unwell: desired.servers.filter(({ health }) => !isHealthy(health)).length,
    },
  ];
}
