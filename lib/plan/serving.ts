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
 * `selected`: whom the pool's rule selects of those that are listed, at whatever address.
 */
export function unservedIn(
  { backend }: Pool,
  servers: readonly ObservedServer[],
  groups: readonly PlaceGroup[],
  desired: Desired,
  selected: number,
  changes: readonly Change[],
): Problem[] {
  if (servers.some(isServing) || changes.some(bringsSomebody)) return [];
  const places = groups.flatMap((group) => group.places);
  const inState = (wanted: string) => places.filter(({ server }) => server.state === wanted);
  const ready = inState('ready').map(({ server }) => server);
  if (ready.length === 0 && selected === 0) return [];
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

/** A server that is ready already, and does not serve, serves no more for another maxconn. */
const bringsSomebody = ({ before, after }: Change): boolean =>
  after.state === 'ready' && after.weight > 0 && (before.state !== 'ready' || before.weight === 0);
