// What every load balancer holds, slot by slot, with who is there and where the fleet differs.
import { readHAProxy } from '../haproxy/read.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { Observed } from '../model/server.js';
import type { LoadBalancerStatus, SlotStatus, Status } from '../model/status.js';
import { placementOf } from '../plan/placement-of.js';
import { differencesOf } from './differences.js';
import { findLoadBalancers } from './find-load-balancers.js';
import { mapBounded } from './map-bounded.js';
import type { ReconcileDeps } from './reconcile.js';
import { errorOf, type Runner } from './runner.js';
import { type CatalogView, instancesIn, readCatalog, versionOf } from './views.js';

/** Finds the load balancers, and reads each and Consul; writes nothing. Throws what finding them throws. */
export async function readFleet({ client, deps, settings }: Runner): Promise<Status> {
  const { addresses, problems } = await findLoadBalancers(client, settings.haproxy.addresses);
  const status = await readStatus(deps, addresses);
  const error = errorOf(problems);
  return error === undefined ? status : { ...status, consul: { error, ...status.consul } };
}

/** Reads Consul and these load balancers. What fails is in its place in the result. */
export async function readStatus(deps: ReconcileDeps, addresses: readonly SocketAddress[]): Promise<Status> {
  const { config } = deps;
  const [read] = await Promise.allSettled([readCatalog(deps)]);
  const seen = read.status === 'fulfilled' ? read.value : undefined;
  const backends = config.pools.map(({ backend }) => backend);
  const loadBalancers = await mapBounded(
    addresses,
    config.concurrency,
    async (address): Promise<LoadBalancerStatus> => {
      try {
        const connection = await deps.connect(address, config.loadBalancerTimeoutMs);
        const observed = await readHAProxy(connection, backends).finally(() => connection.close());
        const { version, uptimeSeconds } = observed.process;
        const slots = slotsIn(deps, observed, seen);
        return { address: printAdminAddress(address), version, uptimeSeconds, slots };
      } catch (error) {
        return { address: printAdminAddress(address), slots: [], error: messageOf(error) };
      }
    },
  );
  return {
    version: 1,
    consul: {
      index: seen ? versionOf(seen.catalog) : '0',
      instances: seen ? instancesIn(seen.catalog) : 0,
      names: Object.fromEntries(seen?.view.answers ?? []),
      ...(read.status === 'rejected' ? { error: messageOf(read.reason) } : {}),
    },
    loadBalancers,
    differences: differencesOf(loadBalancers),
  };
}

function slotsIn({ config }: ReconcileDeps, observed: Observed, seen: CatalogView | undefined): SlotStatus[] {
  return config.pools.flatMap((pool) => {
    const { backend, service } = pool;
    const labels = seen?.view.labels.get(service);
    return placementOf(pool)
      .groupsOf(pool, observed.backends.get(backend) ?? [])
      .flatMap(({ places }) => places)
      .filter(({ server, hostPort }) => hostPort !== undefined || server.state !== 'maintenance')
      .map(({ server, hostPort = '' }) => {
        const { slot, address, port, weight, maxconn, state, sessions, status } = server;
        const instance = labels?.get(hostPort) ?? null;
        return { backend, slot, instance, address, port, weight, maxconn, state, sessions, status };
      });
  });
}
