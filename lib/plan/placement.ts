// The seam between instances and servers: who has which one, and where a newcomer goes. Types only.
import type { Pool, Transport } from '../config/pools.js';
import type { Fixed } from '../model/fixed.js';
import type { LeftOutProblem } from '../model/problem.js';
import type { ObservedServer } from '../model/server.js';
import type { DesiredServer, Unresolved } from './desired.js';
import type { Addresses } from './view.js';

/** A server that a pool may use. */
export interface Place {
  readonly server: ObservedServer;
  /** `address:port` that it holds; undefined: none that anybody can be served at. */
  readonly hostPort: string | undefined;
  /** Why nobody can be given it; undefined: somebody can. */
  readonly fixed?: Fixed | undefined;
}

/** The places of a pool that connect in one way: an instance fits only among those of its own. */
export interface PlaceGroup {
  readonly backend: string;
  /** How the configuration names them. */
  readonly name: string;
  readonly transport: Transport;
  /** In the order in which they are looked at. */
  readonly places: readonly Place[];
}

/** Who shall be served in a group, and what is known of who is where. */
export interface Wanted {
  readonly servers: readonly DesiredServer[];
  readonly unresolved: readonly Unresolved[];
  /** By `address:port`: whoever is there in the catalog, selected by the pool or not. */
  readonly labels: ReadonlyMap<string, string>;
  readonly lastKnown: Addresses;
  /** By `address:port`: the server in which another load balancer has it. */
  readonly elsewhere?: Elsewhere | undefined;
}

/** The name of the server of this backend in which another load balancer of the fleet has an `address:port`. */
export type Elsewhere = (hostPort: string) => string | undefined;

/** Whose a place is. */
export type Ownership =
  | { readonly of: 'server'; readonly server: DesiredServer }
  /** Of one whose host name does not resolve, as far as can be told. `guessed`: nothing but the port says so. */
  | { readonly of: 'unresolved'; readonly name: Unresolved; readonly guessed: boolean }
  /** `servedBy`: the server at its address is in another place, which serves it. */
  | { readonly of: 'nobody'; readonly servedBy?: { readonly server: DesiredServer; readonly place: Place } };

/**
 * Whether a newcomer can have a place, in the order of choice:
 *
 * - `idle`, and `busy` where requests to whoever left still run;
 * - `leaving`: this very plan takes it away from somebody, whose connections may be in use;
 * - `kept-dead`, `kept`: it only waits for an instance that is critical or in maintenance, and whose node is
 *   dead. A healthy newcomer is worth more; who is displaced is placed anew when it is well.
 */
export type Availability = 'taken' | 'idle' | 'busy' | 'leaving' | 'kept-dead' | 'kept';

/** The place that a newcomer gets, or why there is none. */
export interface Choice {
  readonly newcomer: DesiredServer;
  readonly place: Place | LeftOutProblem;
}

/** What stands in everybody's way in a group. */
export type Obstacle =
  | { readonly code: 'range-undeclared'; readonly prefix: string }
  /** `tls`: how HAProxy connects. */
  | { readonly code: 'range-transport'; readonly prefix: string; readonly tls: boolean };

/** One way of giving servers to instances. Pure: the same for the same input, on every load balancer. */
export interface Placement {
  /** The places of a pool among the servers of its backend. */
  groupsOf(pool: Pool, servers: readonly ObservedServer[]): readonly PlaceGroup[];
  /** Whose each place is, in the order of the places. */
  ownershipOf(group: PlaceGroup, wanted: Wanted): readonly Ownership[];
  /** Why nobody can be served in this group, if so. */
  obstacleTo(group: PlaceGroup): Obstacle | undefined;
  /** A place for each newcomer, in their order. `available` is in the order of the places. */
  choose(
    group: PlaceGroup,
    newcomers: readonly DesiredServer[],
    available: readonly Availability[],
    elsewhere?: Elsewhere,
  ): readonly Choice[];
  /** Whether so few places are left that somebody should declare more. */
  isScarce(group: PlaceGroup, left: number): boolean;
}
