// What a run needs of a catalog; `lib/consul` implements it, another one would stand beside it. Types only.
import type { ServiceInstance } from './instance.js';
import type { Problem } from './problem.js';

/**
 * How far it may be believed that an instance is gone because a service does not list it:
 *
 * - `rights`: only once the source was asked what we may read;
 * - `second-look`: where little is missing; where much is, only once it was read a second time. With `isUnsure`
 *   that holds for any: nobody says what we may read;
 * - `yes`;
 * - `no`, for the reason in `why`.
 */
export type Absence =
  | { readonly believed: 'rights' | 'second-look' | 'yes'; readonly isUnsure?: true }
  | {
      readonly believed: 'no';
      readonly why: Problem;
      /** Whether that fails a run in any case, or only where it kept a server. */
      readonly fails: 'always' | 'when-kept';
    };

/** A service as it was read. */
export interface ServiceListing {
  readonly service: string;
  /** Ordered by (node, id). */
  readonly instances: readonly ServiceInstance[];
  readonly absence: Absence;
  /** To be compared, and waited for: of Consul `X-Consul-Index`. */
  readonly version: string;
}

/** All services of a run, as they were read; data, the same for every load balancer. */
export interface Catalog {
  readonly services: readonly ServiceListing[];
  readonly problems: readonly Problem[];
}

/** What to look at before anything may be taken away. */
export type Look = 'rights' | 'second-look';

/** One read, and the questions that can be asked about it. */
export interface Reading {
  readonly catalog: Catalog;
  /**
   * The same with a closer look, or a new reading where that brought a new one. Looks once, however often it is
   * called. Throws what reading throws.
   */
  look(what: Look): Promise<Reading>;
  /** Whether the source has something else to say by now. */
  hasMoved(): Promise<boolean>;
  /**
   * There where this read took what was told before it, in place of asking: whether the source had something else to
   * say right after that. Throws what reading throws.
   */
  isOutdated?(): Promise<boolean>;
}

/** What an event told of: the service has at least this version; a read waits for it, bounded. */
export interface AtLeast {
  readonly service: string;
  readonly version: string;
}

/** A catalog of service instances. Every failure is thrown: an error is never an empty list. */
export interface Source {
  /** Reads these services, each once. */
  read(services: readonly string[], atLeast?: AtLeast): Promise<Reading>;
}
