// One run of the real reconcile loop against several simulated HAProxies, each under a host name.
import type { Config } from '../../lib/config/pools.js';
import { makeSource, type SourceClient } from '../../lib/consul/source.js';
import { printAdminAddress } from '../../lib/model/admin-address.js';
import type { Report } from '../../lib/model/report.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { reconcile } from '../../lib/run/reconcile.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { parseConfig } from './rig.js';

export interface FleetRun {
  readonly config?: Config;
  readonly catalog: SourceClient;
  /** Host name to what a connection to it is; `budgetMs` as the run gives it. */
  readonly hosts: Readonly<
    Record<string, (budgetMs: number) => RuntimeConnection | Promise<RuntimeConnection>>
  >;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
}

/** Applies once to `tcp://<host>:9999` of every host, in the order given, on the real clock. */
export function runFleet({ config = parseConfig(), catalog, hosts, deadline }: FleetRun): Promise<Report> {
  return reconcile(
    {
      config,
      source: makeSource({ client: catalog, clock: systemClock }),
      connect: async (address, budgetMs) => {
        const connect = address.kind === 'unix' ? undefined : hosts[address.host];
        if (!connect) throw new Error('no such simulated host');
        return { ...(await connect(budgetMs)), name: printAdminAddress(address) };
      },
      resolve: async () => [],
      clock: systemClock,
    },
    Object.keys(hosts).map((host) => ({ kind: 'tcp', host, port: 9999 })),
    { mode: 'apply', force: false, ...(deadline === undefined ? {} : { deadline }) },
  );
}
