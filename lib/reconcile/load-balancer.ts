// Makes one load balancer what the catalog says, over as many connections as that takes, and reports.
import type { Config } from '../config/pools.js';
import { ConnectionClosedError, StoppingError } from '../haproxy/errors.js';
import type { LoadBalancerReport } from '../report.js';
import type { Catalog } from './catalog-reader.js';
import { reportOf } from './outcome.js';
import type { Connect, DeadlineClock, RuntimeConnection, SocketAddress } from './ports.js';
import { makeProgress, type ReconcileOptions, settle } from './settle.js';
import type { SharedReads } from './shared-reads.js';

/** Connections tried when one breaks or its process is being replaced. */
const MAX_CONNECTIONS = 3;
const RECONNECT_PAUSE_MS = 50;

export interface LoadBalancerDeps {
  readonly config: Config;
  readonly connect: Connect;
  readonly reads: SharedReads<Catalog>;
  readonly clock: DeadlineClock;
}

/** Serves one load balancer within its time. Never throws: whatever goes wrong is in its report. */
export async function serveLoadBalancer(
  deps: LoadBalancerDeps,
  address: SocketAddress,
  options: ReconcileOptions,
): Promise<LoadBalancerReport> {
  const { config, clock } = deps;
  const ownDeadline = clock.now() + config.loadBalancerTimeoutMs;
  const deadline = Math.min(ownDeadline, options.deadline ?? ownDeadline);
  const progress = makeProgress();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const budgetMs = Math.max(1, deadline - clock.now());
        await withConnection(deps, address, budgetMs, (connection) =>
          settle(deps, connection, progress, { ...options, deadline }),
        );
        break;
      } catch (error) {
        const again = error instanceof StoppingError || error instanceof ConnectionClosedError;
        if (!again || attempt === MAX_CONNECTIONS || clock.now() >= deadline) throw error;
        await clock.sleep(attempt * RECONNECT_PAUSE_MS);
      }
    }
    return reportOf(config, address, progress, options.mode);
  } catch (error) {
    return reportOf(config, address, progress, options.mode, error);
  }
}

async function withConnection(
  { connect, reads }: LoadBalancerDeps,
  address: SocketAddress,
  budgetMs: number,
  use: (connection: RuntimeConnection) => Promise<void>,
): Promise<void> {
  reads.waiting(1);
  const connection = await connect(address, budgetMs).finally(() => reads.waiting(-1));
  try {
    await use(connection);
  } finally {
    await connection.close();
  }
}
