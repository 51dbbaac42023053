// A run: Consul read, every load balancer served, each failing alone; the result is the report.

import type { Config } from '../config/pools.js';
import { type AtLeast, type Catalog, readCatalog } from '../consul/source.js';
import type { SocketAddress } from '../model/admin-address.js';
import type { CatalogPort, Connect, DeadlineClock, Resolve } from '../model/ports.js';
import type { Report } from '../model/report.js';
import { serveLoadBalancer } from './load-balancer.js';
import { shareReads } from './shared-reads.js';
import type { ReconcileOptions } from './transaction.js';
import { makeTurns } from './turns.js';

export interface ReconcileDeps {
  readonly config: Config;
  readonly catalog: CatalogPort;
  readonly connect: Connect;
  readonly resolve: Resolve;
  readonly clock: DeadlineClock;
}

/** Makes the load balancers at `addresses` what Consul says, or with mode `plan` says what differs. */
export async function reconcile(
  deps: ReconcileDeps,
  addresses: readonly SocketAddress[],
  options: ReconcileOptions & { readonly atLeast?: AtLeast },
): Promise<Report> {
  const { config, connect, clock } = deps;
  const startedAt = clock.now();
  let latest: Catalog | undefined;
  const told = (catalog: Catalog): void => {
    latest = catalog;
  };
  const reads = shareReads(() => readCatalog({ ...deps, told }, options.atLeast), clock);
  const turns = makeTurns(config.concurrency, () => clock.now());
  const loadBalancers = await Promise.all(
    addresses.map((address) => serveLoadBalancer({ config, connect, reads, turns, clock }, address, options)),
  );
  return {
    version: 1,
    consul: {
      index: latest?.index ?? '0',
      instances: latest?.instances ?? 0,
      warnings: latest?.view.warnings ?? [],
    },
    loadBalancers,
    durationMs: clock.now() - startedAt,
  };
}
