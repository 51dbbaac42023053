// Makes one load balancer what the catalog says: connect, read, plan, write, read back, report.
import type { Config } from '../config/pools.js';
import { messageOf } from '../errors.js';
import { printAdminAddress } from '../haproxy/admin-address.js';
import { ConnectionClosedError, NotHeldError, StoppingError } from '../haproxy/errors.js';
import { observe } from '../haproxy/observe.js';
import type { LoadBalancerReport, ReportedChange } from '../report.js';
import type { Catalog } from './catalog-reader.js';
import type { Observed } from './observed.js';
import { type GuardedPlan, planAll } from './plan-all.js';
import { reportPools } from './pool-report.js';
import type { Clock, Connect, RuntimeConnection, SocketAddress } from './ports.js';
import type { SharedReads } from './shared-reads.js';
import { writePlan } from './write-plan.js';

/** Plans and writes until nothing differs, at most this often. */
const MAX_ROUNDS = 3;
/** Connections tried when one breaks or its process is being replaced. */
const MAX_CONNECTIONS = 3;
const RECONNECT_PAUSE_MS = 50;

export interface ReconcileOptions {
  /** `plan` only says what `apply` would do. */
  readonly mode: 'apply' | 'plan';
  /** Past `maxRemovalPercent`. */
  readonly force: boolean;
  /** When everything has to be done, in milliseconds since the epoch; `loadBalancerTimeoutMs` holds too. */
  readonly deadline?: number;
}

export interface LoadBalancerDeps {
  readonly config: Config;
  readonly connect: Connect;
  readonly reads: SharedReads<Catalog>;
  readonly clock: Clock;
}

/** The state of one load balancer's run, kept across connections. */
interface Progress {
  readonly changes: ReportedChange[];
  observed: Observed | undefined;
  plan: GuardedPlan | undefined;
  refused: ReadonlyMap<string, string>;
}

/** Serves one load balancer. Never throws: whatever goes wrong is in its report. */
export async function serveLoadBalancer(
  deps: LoadBalancerDeps,
  address: SocketAddress,
  options: ReconcileOptions,
): Promise<LoadBalancerReport> {
  const { config, clock } = deps;
  const ownDeadline = clock.now() + config.loadBalancerTimeoutMs;
  const deadline = Math.min(ownDeadline, options.deadline ?? ownDeadline);
  const progress: Progress = { changes: [], observed: undefined, plan: undefined, refused: new Map() };
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const budgetMs = Math.max(1, deadline - clock.now());
        await withConnection(deps, address, budgetMs, (connection) =>
          settle(deps, connection, progress, options),
        );
        break;
      } catch (error) {
        const again = error instanceof StoppingError || error instanceof ConnectionClosedError;
        if (!again || attempt === MAX_CONNECTIONS || clock.now() >= deadline) throw error;
        await clock.sleep(attempt * RECONNECT_PAUSE_MS);
      }
    }
    return reportOf(deps, address, progress, options);
  } catch (error) {
    return { ...reportOf(deps, address, progress, options), outcome: 'failed', error: messageOf(error) };
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

/** In one connection, which is one transaction: read, plan, write, read back, until nothing differs. */
async function settle(
  { config, reads, clock }: LoadBalancerDeps,
  connection: RuntimeConnection,
  progress: Progress,
  { mode, force }: ReconcileOptions,
): Promise<void> {
  const backends = config.pools.map(({ backend }) => backend);
  const [read, observed] = await settled(reads.fresh(), observe(connection, backends));
  let catalog = read;
  progress.observed = observed;
  for (let round = 1; ; round += 1) {
    progress.plan = await planAll(config, catalog, progress.observed, { force });
    catalog = progress.plan.catalog;
    const changes = progress.plan.pools.flatMap((pool) => pool.changes);
    if (mode === 'plan') progress.changes.push(...changes);
    if (mode === 'plan' || changes.length === 0) return;
    if (round > MAX_ROUNDS) throw new NotHeldError(connection.name, notHeld(changes, progress.refused));
    progress.refused = await writePlan(connection, changes, {
      clock,
      addressTimeoutMs: config.answerTimeoutMs,
    });
    progress.changes.push(
      ...(round === 1 ? changes : changes.filter((change) => !isRepeated(change, progress.changes))),
    );
    progress.observed = await observe(connection, backends);
  }
}

/** Both, or the first failure once both have ended: nothing may still use the connection then. */
async function settled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

function isRepeated(change: ReportedChange, earlier: readonly ReportedChange[]): boolean {
  return earlier.some(
    ({ backend, slot, action, instance }) =>
      backend === change.backend &&
      slot === change.slot &&
      action === change.action &&
      instance === change.instance,
  );
}

function notHeld(changes: readonly ReportedChange[], refused: ReadonlyMap<string, string>): string {
  const slots = changes.slice(0, 5).map(({ backend, slot, action, reason }) => {
    const name = `${backend}/${slot}`;
    return `${name} (${action}: ${refused.get(name) ?? reason})`;
  });
  const more = changes.length > slots.length ? ` and ${changes.length - slots.length} more` : '';
  return `still differs after ${MAX_ROUNDS} rounds: ${slots.join(', ')}${more}; is somebody else writing to it?`;
}

function reportOf(
  { config }: LoadBalancerDeps,
  address: SocketAddress,
  { changes, observed, plan }: Progress,
  { mode }: ReconcileOptions,
): LoadBalancerReport {
  const pools = observed && plan ? reportPools(config, observed, plan.pools) : [];
  const refusals = plan?.refusals ?? [];
  const outcome =
    refusals.length > 0
      ? 'guarded'
      : changes.length === 0
        ? 'unchanged'
        : mode === 'plan'
          ? 'planned'
          : 'changed';
  const left = pools.reduce((sum, pool) => sum + pool.unplaced.length, 0);
  const errors = [
    ...refusals,
    ...(left > 0 ? [`${left} left out for want of a slot: ${unplacedText(pools)}`] : []),
  ];
  return {
    address: printAdminAddress(address),
    outcome,
    changes,
    pools,
    warnings: plan?.pools.flatMap(({ warnings }) => warnings) ?? [],
    ...(errors.length > 0 ? { error: errors.join('; ') } : {}),
  };
}

function unplacedText(pools: LoadBalancerReport['pools']): string {
  const named = pools.flatMap(({ backend, unplaced }) =>
    unplaced.map(({ instance, reason }) => `${instance} (${backend}: ${reason})`),
  );
  return named.length > 10
    ? `${named.slice(0, 10).join(', ')} and ${named.length - 10} more`
    : named.join(', ');
}
