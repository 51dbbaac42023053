// Makes one load balancer what the catalog says, over as many connections as that takes, and reports.

import type { Config } from '../config/pools.js';
import type { Catalog } from '../consul/source.js';
import { ConnectError, ConnectionClosedError, HAProxyError, StoppingError } from '../haproxy/errors.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { Connect, DeadlineClock, RuntimeConnection } from '../model/ports.js';
import type { LoadBalancerReport } from '../model/report.js';
import { reportOf } from './report.js';
import type { SharedReads } from './shared-reads.js';
import { makeProgress, type ReconcileOptions, settle } from './transaction.js';
import type { Turn, Turns } from './turns.js';

/** How often a connection may break, or its process be replaced. */
const MAX_LOSSES = 3;
/** Between a connection that broke and the next, in milliseconds; doubled each time up to the longest. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** How long a socket that gives no prompt keeps others from their turn, in milliseconds. */
const PATIENCE_MS = 100;

export interface LoadBalancerDeps {
  readonly config: Config;
  readonly connect: Connect;
  readonly reads: SharedReads<Catalog>;
  readonly turns: Turns;
  readonly clock: DeadlineClock;
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
  const { config, clock, turns } = deps;
  const name = printAdminAddress(address);
  const turn = turns.of(name);
  const progress = makeProgress();
  try {
    await turn.begin();
    const runDeadline = options.deadline ?? Number.POSITIVE_INFINITY;
    if (clock.now() >= runDeadline) throw new HAProxyError(name, `not served; ${timeTaken(turns)}`);
    const deadline = Math.min(clock.now() + config.loadBalancerTimeoutMs, runDeadline);
    await untilDone(deps, turn, deadline, async (onPrompt) => {
      const connection = await connectInTurn(deps, turn, address, deadline);
      onPrompt();
      try {
        await settle(deps, connection, progress, { ...options, deadline });
      } finally {
        await connection.close();
      }
    }).catch((error: unknown) => {
      if (!turn.hasWaited() || clock.now() < runDeadline) throw error;
      throw new Error(`${messageOf(error)}; ${timeTaken(turns)}`);
    });
    return reportOf(config, address, progress, options.mode);
  } catch (error) {
    return reportOf(config, address, progress, options.mode, error);
  } finally {
    turn.end();
  }
}

function timeTaken(turns: Turns): string {
  const longest = turns.longest();
  if (longest === '') return "the run's time was used up before any was; is Consul slow to list them?";
  return `the run's time was used up, most of it by ${longest}; see their errors, or give it more time`;
}

/**
 * Does `work` again, with growing pauses, while what it throws is that HAProxy went away and may come
 * back. `work` tells by `onPrompt` that it was there; through a gateway nothing else tells.
 */
async function untilDone(
  { clock }: LoadBalancerDeps,
  turn: Turn,
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
      const refused = error instanceof ConnectError && losses > 0;
      const isAway = !isThere && (refused || (error instanceof ConnectionClosedError && wasThere));
      if (!isAway) {
        if (!(error instanceof StoppingError || error instanceof ConnectionClosedError)) throw error;
        losses += 1;
        lost = error.detail;
      }
      const failure = isAway ? new Error(`${messageOf(error)}; before that: ${lost}`) : error;
      if (losses === MAX_LOSSES || clock.now() + pauseMs >= deadline) throw failure;
      turn.end();
      await clock.sleep(pauseMs);
      await turn.begin();
      if (clock.now() >= deadline) throw failure;
    }
  }
}

/** Connects; others have their turn while the socket keeps us waiting. */
async function connectInTurn(
  { connect, reads, clock }: LoadBalancerDeps,
  turn: Turn,
  address: SocketAddress,
  deadline: number,
): Promise<RuntimeConnection> {
  let stopWaiting = (): void => {
    reads.waiting(-1);
    stopWaiting = () => {};
  };
  reads.waiting(1);
  const connecting = connect(address, Math.max(1, deadline - clock.now()));
  const ended = Promise.allSettled([connecting]).then(() => stopWaiting());
  const isSlow = await clock
    .within(PATIENCE_MS, ended, () => new Error('slow'))
    .then(
      () => false,
      () => true,
    );
  if (!isSlow || !turn.stepAside()) return connecting;
  stopWaiting();
  const connection = await connecting;
  await turn.begin();
  return connection;
}
