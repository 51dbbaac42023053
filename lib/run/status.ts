// What every load balancer holds, slot by slot, with who is there and where the fleet differs.

import { type Catalog, readCatalog } from '../consul/source.js';
import { observe } from '../haproxy/read.js';
import { printHostPort } from '../model/address.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { SlotView } from '../model/report.js';
import type { Observed } from '../model/server.js';
import { hasAddress, slotsOfRange } from '../plan/slots.js';
import { differencesOf } from './differences.js';
import { mapBounded } from './map-bounded.js';
import type { ReconcileDeps } from './reconcile.js';

export interface SlotStatus extends SlotView {
  readonly backend: string;
  readonly slot: string;
  /** Who Consul has at this address; null: nobody. */
  readonly instance: string | null;
  readonly sessions: number;
  /** `UP`, `DOWN`, `MAINT`, … as HAProxy's own checks see it. */
  readonly status: string;
}

export interface LoadBalancerStatus {
  readonly address: string;
  readonly version?: string;
  readonly uptimeSeconds?: number;
  /** Slots that hold an address or are not in maintenance; the others are free. */
  readonly slots: readonly SlotStatus[];
  readonly error?: string;
}

export interface Status {
  readonly version: 1;
  readonly consul: {
    readonly index: string;
    readonly instances: number;
    /** Host names of instances with the addresses they resolve to now; those that do not are absent. */
    readonly names: Readonly<Record<string, readonly string[]>>;
    readonly error?: string;
  };
  readonly loadBalancers: readonly LoadBalancerStatus[];
  /** Servers in another slot or state, or with other settings, on one load balancer than on the first. */
  readonly differences: readonly string[];
}

/** Reads Consul and every load balancer; writes nothing. What fails is in its place in the result. */
export async function readStatus(deps: ReconcileDeps, addresses: readonly SocketAddress[]): Promise<Status> {
  const { config } = deps;
  const [read] = await Promise.allSettled([readCatalog(deps)]);
  const catalog = read.status === 'fulfilled' ? read.value : undefined;
  const backends = config.pools.map(({ backend }) => backend);
  const loadBalancers = await mapBounded(
    addresses,
    config.concurrency,
    async (address): Promise<LoadBalancerStatus> => {
      try {
        const connection = await deps.connect(address, config.loadBalancerTimeoutMs);
        const observed = await observe(connection, backends).finally(() => connection.close());
        const { version, uptimeSeconds } = observed.process;
        return {
          address: printAdminAddress(address),
          version,
          uptimeSeconds,
          slots: slotsIn(deps, observed, catalog),
        };
      } catch (error) {
        return { address: printAdminAddress(address), slots: [], error: messageOf(error) };
      }
    },
  );
  return {
    version: 1,
    consul: {
      index: catalog?.index ?? '0',
      instances: catalog?.instances ?? 0,
      names: Object.fromEntries(catalog?.view.answers ?? []),
      ...(read.status === 'rejected' ? { error: messageOf(read.reason) } : {}),
    },
    loadBalancers,
    differences: differencesOf(loadBalancers),
  };
}

function slotsIn({ config }: ReconcileDeps, observed: Observed, catalog: Catalog | undefined): SlotStatus[] {
  return config.pools.flatMap(({ backend, service, ranges }) =>
    ranges
      .flatMap(({ prefix }) => slotsOfRange(prefix, observed.backends.get(backend) ?? []))
      .filter((server) => hasAddress(server) || server.state !== 'maintenance')
      .map((server) => {
        const { slot, address, port, weight, maxconn, state, sessions, status } = server;
        const at = address === null ? '' : printHostPort(address, port);
        const instance = catalog?.view.whoIsAt(service, at) ?? null;
        return { backend, slot, instance, address, port, weight, maxconn, state, sessions, status };
      }),
  );
}
