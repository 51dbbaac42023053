// What the doctor gathers before it judges: facts, and no secret among them. Types only.
import type { Right } from '../consul/answers.js';
import type { Identity } from '../haproxy/identity.js';
import type { Balance, CliSocket } from '../haproxy/probes.js';
import type { Declared, ListedProxy } from '../haproxy/proxies.js';
import type { SocketAddress } from '../model/admin-address.js';
import type { Failure } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { ObservedServer, ProcessInfo } from '../model/server.js';
import type { View } from '../plan/view.js';

/** It could not be read, and why; without its subject. */
export interface Failed {
  readonly failure: Failure;
}

export interface TokenFacts {
  /** `parameter /iri-lb/token`, `CONSUL_HTTP_TOKEN`, …; never its value. */
  readonly name: string;
  /** `none`: no token is configured. */
  readonly found: 'yes' | 'none' | Failed;
}

/** What one Consul address answered to a read of the first pool's service. */
export interface ConsulFacts {
  readonly address: string;
  readonly failure?: {
    readonly status: number | undefined;
    /** Consul's words. */
    readonly message: string;
    readonly isLeaderless: boolean;
  };
  /** `X-Consul-KnownLeader: false`. */
  readonly leaderless: boolean;
  /** Consul's clock less ours, in milliseconds; undefined where it sent no Date. */
  readonly clockAheadMs: number | undefined;
}

/** What the token may do; undefined where Consul could not be asked. */
export interface Rights {
  readonly services: readonly {
    readonly service: string;
    readonly read: Right;
    readonly write: Right;
    /** `X-Consul-Results-Filtered-By-ACLs`. */
    readonly filtered: boolean;
  }[];
  readonly nodeRead: Right;
  /** What Consul said in place of an answer to the question about rights: `405 "Method not allowed"`. */
  readonly refusal?: string;
}

export interface BackendFacts {
  readonly servers: readonly ObservedServer[];
  /** By slot. */
  readonly declared: ReadonlyMap<string, Declared>;
  readonly balance: Balance;
  readonly proxy: ListedProxy;
}

/** What one HAProxy said of itself. */
export interface HAProxyFacts {
  readonly process: ProcessInfo;
  /** `admin`, `operator` or `user`. */
  readonly level: string;
  readonly sockets: readonly CliSocket[];
  /** Whether a second client waits while a first is connected; undefined where that could not be told. */
  readonly exclusive: boolean | undefined;
  /** Who answered, each time in a new connection. */
  readonly answeredBy: readonly Identity[];
  readonly proxies: readonly ListedProxy[];
  /** Whether some `resolvers` section asks name servers, and is answered. */
  readonly resolvers: { readonly ask: boolean; readonly answer: boolean };
  /** By backend; or why it could not be read. */
  readonly backends: ReadonlyMap<string, BackendFacts | Failed>;
}

export interface LoadBalancerFacts {
  readonly address: SocketAddress;
  /** As in HAPROXY_ADDRESSES. */
  readonly name: string;
  readonly found: HAProxyFacts | Failed;
  /** Of those before it in the list, the one that is the same process. */
  readonly sameAs?: string | undefined;
}

/** The catalog as runs see it. */
export interface CatalogFacts {
  readonly view: View;
  /** By service: how many instances Consul listed, usable or not. */
  readonly listed: ReadonlyMap<string, number>;
}

export interface Facts {
  readonly token: TokenFacts;
  readonly consul: readonly ConsulFacts[];
  readonly rights: Rights | undefined;
  readonly catalog: CatalogFacts | Failed;
  /** Every service that Consul names to our token. */
  readonly serviceNames: readonly string[];
  /** Why `consul:SERVICE` could not be looked up. */
  readonly discoveryFailure: Failure | undefined;
  readonly discoveryProblems: readonly Problem[];
  readonly loadBalancers: readonly LoadBalancerFacts[];
}
