// What changes would take away from those who serve, pool by pool: what is worth a question. Pure.
import type { Change } from '../model/change.js';
import { isServing, type Observed, type ObservedServer } from '../model/server.js';
import { allPlaces } from './places.js';

/** One pool of one load balancer, of which somebody would go out of rotation. */
export interface Loss {
  readonly address: string;
  readonly backend: string;
  /** `backend/slot` of those who serve now, and would not. */
  readonly takes: readonly string[];
  /** Servers of the backend that serve now. */
  readonly serving: number;
}

/** What serves before a change and not after it; whom HAProxy has DOWN serves nobody who could miss it. */
export function takenAway(
  changes: readonly Change[],
  { backends }: Pick<Observed, 'backends'>,
): readonly Change[] {
  const servers = new Map<string, ObservedServer>();
  for (const [backend, listed] of backends)
    for (const server of listed) servers.set(`${backend}/${server.slot}`, server);
  return changes.filter((change) => {
    const server = servers.get(nameOf(change));
    if (!server || !isServing(server)) return false;
    const { action, after } = change;
    // What is added there was preceded by a removal in the same plan.
    return action !== 'add' && !(after.state === 'ready' && after.weight > 0);
  });
}

/** By pool, in the order of the changes. */
export function lossesOf(
  address: string,
  changes: readonly Change[],
  observed: Pick<Observed, 'backends'>,
): Loss[] {
  const taken = takenAway(changes, observed);
  return [...new Set(taken.map(({ backend }) => backend))].map((backend) => ({
    address,
    backend,
    takes: taken.filter((change) => change.backend === backend).map(nameOf),
    serving: (observed.backends.get(backend) ?? []).filter(isServing).length,
  }));
}

/** Half of those who serve, or more: the last one is all of them. */
export const isLargeLoss = ({ takes, serving }: Loss): boolean =>
  takes.length > 0 && 2 * takes.length >= serving;

/**
 * `2 of the 3 who serve iri_back on both`, pool by pool; load balancers that lose the same are told together. `all`:
 * how many load balancers there are.
 */
export function lossText(losses: readonly Loss[], all: number): string {
  const byText = new Map<string, string[]>();
  for (const { address, backend, takes, serving } of losses) {
    const who = takes.length === serving ? `all ${serving}` : `${takes.length} of the ${serving}`;
    const text = serving === 1 ? `the only one who serves ${backend}` : `${who} who serve ${backend}`;
    byText.set(text, [...(byText.get(text) ?? []), address]);
  }
  return [...byText].map(([text, names]) => `${text}${allPlaces(names, all)}`).join(', ');
}

const nameOf = ({ backend, slot }: Pick<Change, 'backend' | 'slot'>): string => `${backend}/${slot}`;
