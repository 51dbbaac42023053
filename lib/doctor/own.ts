// What is read of a HAProxy that this project did not set up, and of who is in Consul, to propose an LB_CONFIG. Types only.
import type { CliSocket } from '../haproxy/probes.js';
import type { SocketAddress } from '../model/admin-address.js';
import type { ServiceInstance } from '../model/instance.js';
import type { ObservedServer } from '../model/server.js';

export interface OwnServer extends ObservedServer {
  /** The host name that it is declared with; null for an IP literal. */
  readonly hostName: string | null;
}

export interface OwnBackend {
  readonly name: string;
  readonly servers: readonly OwnServer[];
}

export interface OwnHAProxy {
  readonly address: SocketAddress;
  readonly version: string;
  /** Of the socket that it was read at: `admin`, `operator` or `user`. */
  readonly level: string;
  /** Whether that socket takes one client at a time; undefined where that could not be told. */
  readonly exclusive: boolean | undefined;
  readonly sockets: readonly CliSocket[];
  /** Those that have servers. */
  readonly backends: readonly OwnBackend[];
  /** Why others that have servers are left out. */
  readonly skipped: readonly { readonly backend: string; readonly why: string }[];
}

export interface OwnCatalog {
  /** By service, those that were read. */
  readonly services: ReadonlyMap<string, readonly ServiceInstance[]>;
  /** Services that Consul names and that were not read, for their number. */
  readonly unread: number;
}

/** Consul could not be read, and why. */
export interface NoCatalog {
  readonly failure: string;
}
