// Makes one load balancer what the catalog says, over as many connections as that takes, and reports.
import type { Config } from '../config/pools.js';
import { HAProxyError, isKind } from '../haproxy/errors.js';
import { readHAProxy } from '../haproxy/read.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import type { DeadlineClock } from '../model/clock.js';
import { messageOf, NextStepError } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { LoadBalancerReport } from '../model/report.js';
import type { Connect, RuntimeConnection } from '../model/runtime.js';
import type { Concurrency, Permit } from './concurrency.js';
import type { FleetPlaces } from './fleet-places.js';
import { loadBalancerReport } from './load-balancer-report.js';
import { makeProgress, type Progress } from './progress.js';
import type { SharedReads } from './shared-reads.js';
import { type ReconcileOptions, transact } from './transaction.js';
import type { Processes } from './two-processes.js';
import type { CatalogView } from './views.js';

/** How often a connection may break, or its process be replaced. */
const MAX_LOSSES = 3;
/** Between a connection that broke and the next, in milliseconds; doubled each time up to the longest. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** How long a socket that gives no prompt keeps others from their turn, in milliseconds. */
const PATIENCE_MS = 100;

/** How long a second look at the process may take, in milliseconds: others wait for the socket, too. */
const SECOND_LOOK_MS = 200;

export interface LoadBalancerDeps {
  readonly config: Config;
  readonly connect: Connect;
  readonly reads: SharedReads<CatalogView>;
  readonly concurrency: Concurrency;
  readonly clock: DeadlineClock;
  readonly places: FleetPlaces;
  readonly processes: Processes;
}

/**
 * Serves one load balancer in its turn and its time. A process that was there and is gone, because it
 * is restarted, is waited for until the time is over; one that never was there is not. Never throws:
 * whatever goes wrong is in its report.
 */
export async function serveLoadBalancer(
  deps: LoadBalancerDeps,
  address: SocketAddress,
  options: ReconcileOptions,
): Promise<LoadBalancerReport> {
  const { config, clock, concurrency } = deps;
  const name = printAdminAddress(address);
  const permit = concurrency.permitFor(name);
  const progress = makeProgress();
  try {
    const turn = permit.acquire();
    if (turn) await turn;
    const runDeadline = options.deadline ?? Number.POSITIVE_INFINITY;
    if (clock.monotonicMs() >= runDeadline)
      throw new HAProxyError(name, 'not-served', 'not served', timeTaken(concurrency));
    const deadline = Math.min(clock.monotonicMs() + config.loadBalancerTimeoutMs, runDeadline);
    await untilDone(deps, permit, deadline, async (onPrompt) => {
      const connection = await connectWithPermit(deps, permit, address, deadline);
      onPrompt();
      try {
        await transact(deps, connection, progress, { ...options, deadline });
      } finally {
        await connection.close();
      }
    }).catch((error: unknown) => {
      if (!permit.hasWaited() || clock.monotonicMs() < runDeadline) throw error;
      throw withMore(error, timeTaken(concurrency));
    });
    progress.failures.push(...(await lookAgain(deps, address, progress)));
    return loadBalancerReport(config, address, progress, options.mode);
  } catch (error) {
    return loadBalancerReport(config, address, progress, options.mode, error);
  } finally {
    permit.release();
    options.forPeople?.onLook(name, progress);
  }
}

/**
 * Looks, where a pool that served nobody was filled, whether another process answers at the same address: two that
 * were started on one port, or two containers behind one address, of which each run fills one by chance. Whoever
 * does not answer at once is met by the next run.
 */
async function lookAgain(
  { connect, processes, clock }: LoadBalancerDeps,
  address: SocketAddress,
  { observed, readAtMs, started, empty }: Progress,
): Promise<Problem[]> {
  if (!observed) return [];
  const name = printAdminAddress(address);
  const found = processes.meet(name, observed.process, readAtMs);
  const filled = [...started].some((server) => empty?.has(server.split('/')[0] ?? ''));
  if (found.length > 0 || !filled) return found;
  try {
    const connection = await connect(address, SECOND_LOOK_MS);
    const { process } = await readHAProxy(connection, []).finally(() => connection.close());
    return processes.meet(name, process, clock.monotonicMs());
  } catch {
    return [];
  }
}

/** The same error, whose last clause is `more`. */
function withMore(error: unknown, more: string): Error {
  if (!(error instanceof HAProxyError)) return new NextStepError('', messageOf(error), more);
  const { address, kind, detail, nextStep } = error;
  return new HAProxyError(address, kind, nextStep === '' ? detail : `${detail}; ${nextStep}`, more);
}

function timeTaken(concurrency: Concurrency): string {
  const longest = concurrency.longest();
  if (longest === '') return "the run's time was used up before any was; is Consul slow to list them?";
  return `the run's time was used up, most of it by ${longest}; see their errors, or give it more time`;
}

/**
 * Does `work` again, with growing pauses, while what it throws is that HAProxy went away and may come
 * back. `work` tells by `onPrompt` that it was there; through a gateway nothing else tells.
 */
async function untilDone(
  { clock }: LoadBalancerDeps,
  permit: Permit,
  deadline: number,
  work: (onPrompt: () => void) => Promise<void>,
): Promise<void> {
  let losses = 0;
  let lost = '';
  let wasThere = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    let isThere = false;
    const onPrompt = (): void => {
      isThere = true;
      wasThere = true;
    };
    try {
      return await work(onPrompt);
    } catch (error) {
      const refused = isKind(error, 'connect') && losses > 0;
      const isAway = !isThere && (refused || (isKind(error, 'closed') && wasThere));
      if (!isAway) {
        if (!isKind(error, 'stopping', 'closed')) throw error;
        losses += 1;
        lost = error.detail;
      }
      const failure = isAway ? withMore(error, `before that: ${lost}`) : error;
      if (losses === MAX_LOSSES || clock.monotonicMs() + pauseMs >= deadline) throw failure;
      permit.release();
      await clock.sleep(pauseMs);
      await permit.acquire();
      if (clock.monotonicMs() >= deadline) throw failure;
    }
  }
}

/** Connects; others have their turn while the socket keeps us waiting. */
async function connectWithPermit(
  { connect, reads, clock }: LoadBalancerDeps,
  permit: Permit,
  address: SocketAddress,
  deadline: number,
): Promise<RuntimeConnection> {
  let stopWaiting = (): void => {
    reads.waiting(-1);
    stopWaiting = () => {};
  };
  reads.waiting(1);
  const connecting = connect(address, Math.max(1, deadline - clock.monotonicMs()));
  const ended = Promise.allSettled([connecting]).then(() => stopWaiting());
  const isSlow = await clock
    .within(PATIENCE_MS, ended, () => new Error('slow'))
    .then(
      () => false,
      () => true,
    );
  if (!isSlow || !permit.lend()) return connecting;
  stopWaiting();
  const connection = await connecting;
  await permit.acquire();
  return connection;
}
