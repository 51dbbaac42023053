// What the doctor needs from the outside world; doctor.ts puts the real ones in.
import type { Settings } from '../config/environment.js';
import type { ConsulClient } from '../consul/client.js';
import type { Endpoint } from '../consul/endpoint.js';
import type { TokenSource } from '../consul/token.js';
import type { Identity } from '../haproxy/identity.js';
import type { SocketAddress } from '../model/admin-address.js';
import type { Clock } from '../model/clock.js';
import type { Resolve } from '../model/resolve.js';
import type { Connect } from '../model/runtime.js';
import type { Source } from '../model/source.js';

export interface DoctorDeps {
  readonly settings: Settings;
  /** One for each Consul address. */
  readonly endpoints: readonly Endpoint[];
  readonly token: TokenSource;
  readonly client: ConsulClient;
  readonly source: Source;
  /** Longest wait for one answer of Consul, in milliseconds. */
  readonly consulTimeoutMs: number;
  readonly connect: Connect;
  /**
   * Whether a client that connects now is given a prompt within a short time; undefined where it is turned away.
   */
  readonly isPrompted: (address: SocketAddress) => Promise<boolean | undefined>;
  /** Who answers in a connection of its own; undefined where nobody does within a short time. */
  readonly identify: (address: SocketAddress) => Promise<Identity | undefined>;
  readonly resolve: Resolve;
  readonly clock: Clock;
}
