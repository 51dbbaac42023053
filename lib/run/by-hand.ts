// What somebody who runs by hand adds to a run: what is done first, what it is about, and what it must not write. Types only.
import type { Change } from '../model/change.js';
import type { Problem } from '../model/problem.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { Observed } from '../model/server.js';

export interface ByHand {
  /**
   * Done at each load balancer with its socket held, once Consul is read and HAProxy listed; so never where Consul
   * cannot be read. True: it wrote, and HAProxy is listed again. A connection that breaks makes it be called anew.
   */
  readonly first?: (connection: RuntimeConnection, observed: Observed) => Promise<boolean>;
  /** The changes that are written at a load balancer; absent: all that are planned. */
  readonly only?: (address: string, change: Change) => boolean;
  /**
   * Why nothing of a plan may be written at this load balancer; undefined: it may. Asked with the socket held, before
   * the first write of every plan. It fails that load balancer's run.
   */
  readonly refuse?: (address: string, changes: readonly Change[], observed: Observed) => Problem | undefined;
}
