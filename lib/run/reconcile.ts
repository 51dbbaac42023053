// A run: every load balancer served on what the source says, each failing alone; the result is the report.
import type { Config } from '../config/pools.js';
import type { SocketAddress } from '../model/admin-address.js';
import type { DeadlineClock } from '../model/clock.js';
import { reported, textOf } from '../model/problem.js';
import type { Report } from '../model/report.js';
import type { Resolve } from '../model/resolve.js';
import type { Connect } from '../model/runtime.js';
import type { AtLeast, Source } from '../model/source.js';
import { makeConcurrency } from './concurrency.js';
import { makeFleetPlaces } from './fleet-places.js';
import { serveLoadBalancer } from './load-balancer.js';
import { type ShareOptions, shareReads } from './shared-reads.js';
import type { ReconcileOptions } from './transaction.js';
import { makeProcesses, type Processes } from './two-processes.js';
import { type CatalogView, instancesIn, readCatalog, versionOf } from './views.js';

export interface ReconcileDeps {
  readonly config: Config;
  readonly source: Source;
  readonly connect: Connect;
  readonly resolve: Resolve;
  readonly clock: DeadlineClock;
  /** What a warm environment knows of the processes it met. */
  readonly processes?: Processes;
}

/** Makes the load balancers at `addresses` what Consul says, or with mode `plan` says what differs. */
export async function reconcile(
  deps: ReconcileDeps,
  addresses: readonly SocketAddress[],
  options: ReconcileOptions & { readonly atLeast?: AtLeast; readonly atOnce?: ShareOptions['atOnce'] },
): Promise<Report> {
  const { config, connect, clock, processes = makeProcesses() } = deps;
  const startedAt = clock.monotonicMs();
  let latest: CatalogView | undefined;
  const onRead = (read: CatalogView): void => {
    latest = read;
    options.forPeople?.onView(read);
  };
  const read = (): Promise<CatalogView> =>
    readCatalog({ ...deps, admins: addresses }, options.atLeast, onRead);
  const { mode, atOnce } = options;
  const reads = shareReads(read, clock, { forLook: mode === 'plan', atOnce });
  const concurrency = makeConcurrency(config.concurrency, () => clock.monotonicMs());
  const places = makeFleetPlaces(clock);
  const loadBalancers = await Promise.all(
    addresses.map((address) =>
      serveLoadBalancer({ config, connect, reads, concurrency, clock, places, processes }, address, options),
    ),
  );
  const problems = latest?.view.problems ?? [];
  return {
    version: 1,
    consul: {
      index: latest ? versionOf(latest.catalog) : '0',
      instances: latest ? instancesIn(latest.catalog) : 0,
      warnings: problems.map(textOf),
    },
    problems: problems.map(reported),
    loadBalancers,
    durationMs: Math.round(clock.monotonicMs() - startedAt),
  };
}
