// Where the load balancers of a run have their instances, so that one that comes up empty takes the same places.

import { printHostPort } from '../model/address.js';
import type { Clock } from '../model/clock.js';
import type { Observed, ObservedServer } from '../model/server.js';
import type { Policy } from '../plan/plan.js';

/** How long one that has nobody ready gives others whose listing has begun, in milliseconds. */
const HEAR_MS = 50;

export interface FleetPlaces {
  /** Takes note of a listing that has begun, as soon as it is there. */
  listing(loadBalancer: string, begun: Promise<Observed>): Promise<Observed>;
  /**
   * Where this one has nobody ready at all: until the others' listings that have begun are there, and no longer
   * than a moment. One that serves waits for nobody, and one that is not connected is not waited for.
   */
  heard(loadBalancer: string): Promise<void>;
  /** What a load balancer was last seen to hold. */
  note(loadBalancer: string, observed: Observed): void;
  /** What a plan for this one may know of the others, as far as they were read by now: nobody waits for them. */
  besides(loadBalancer: string): NonNullable<Policy['elsewhere']>;
}

/** Backend to `address:port` to slot. */
type Places = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Of one run. */
export function makeFleetPlaces(clock: Pick<Clock, 'sleep'>): FleetPlaces {
  const begun = new Map<string, Promise<unknown>>();
  const seen = new Map<string, { readonly observed: Observed; readonly ready: number }>();
  const places = new Map<Observed, Places>();
  const placesIn = (observed: Observed): Places => {
    const known = places.get(observed) ?? placesOf(observed);
    places.set(observed, known);
    return known;
  };
  const note = (loadBalancer: string, observed: Observed): void => {
    const earlier = seen.get(loadBalancer);
    if (earlier) places.delete(earlier.observed);
    seen.set(loadBalancer, { observed, ready: readyIn(observed) });
  };
  return {
    note,
    async listing(loadBalancer, listed) {
      begun.set(loadBalancer, listed);
      try {
        const observed = await listed;
        note(loadBalancer, observed);
        return observed;
      } finally {
        begun.delete(loadBalancer);
      }
    },
    async heard(loadBalancer) {
      const others = [...begun].filter(([name]) => name !== loadBalancer).map(([, listed]) => listed);
      if (others.length === 0 || seen.get(loadBalancer)?.ready !== 0) return;
      await Promise.race([Promise.allSettled(others), clock.sleep(HEAR_MS)]);
    },
    besides(loadBalancer) {
      let others: Observed[] | undefined;
      return (backend, hostPort) => {
        others ??= fullestFirst([...seen].filter(([name]) => name !== loadBalancer));
        for (const observed of others) {
          const slot = placesIn(observed).get(backend)?.get(hostPort);
          if (slot !== undefined) return slot;
        }
        return undefined;
      };
    },
  };
}

/** The fullest decides, by name among equals: whoever asks hears the same. */
function fullestFirst(
  entries: readonly (readonly [string, { readonly observed: Observed; readonly ready: number }])[],
): Observed[] {
  return [...entries]
    .sort(([a, one], [b, other]) => other.ready - one.ready || (a < b ? -1 : 1))
    .map(([, { observed }]) => observed);
}

function readyIn({ backends }: Observed): number {
  let ready = 0;
  for (const servers of backends.values()) for (const { state } of servers) if (state === 'ready') ready += 1;
  return ready;
}

function placesOf({ backends }: Observed): Places {
  return new Map([...backends].map(([backend, servers]) => [backend, slotsAt(servers)]));
}

/** Of several at one address the ready one. */
function slotsAt(servers: readonly ObservedServer[]): Map<string, string> {
  const slots = new Map<string, string>();
  for (const { slot, address, port, state } of servers) {
    if (address === null || port === 0) continue;
    const hostPort = printHostPort(address, port);
    if (state === 'ready' || !slots.has(hostPort)) slots.set(hostPort, slot);
  }
  return slots;
}
