// The report of one load balancer's run. Pure.

import type { Config } from '../config/pools.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { LoadBalancerReport, Outcome, PoolReport } from '../model/report.js';
import { reportPools } from './pool-report.js';
import type { Progress } from './transaction.js';

/** Instances named in the error when there is no slot for them; the report lists all. */
const MAX_NAMED = 10;

/**
 * What happened, who has which slots now, and what was held back or left out, which is an error. A run
 * that was broken off hands in what `thrown` broke it off; what was held back until then is told too.
 */
export function reportOf(
  config: Config,
  socket: SocketAddress,
  { changes, observed, plan, warnings }: Progress,
  mode: 'apply' | 'plan',
  thrown?: unknown,
): LoadBalancerReport {
  const address = printAdminAddress(socket);
  const pools = observed && plan ? reportPools(config, observed, plan.pools) : [];
  const refusals = plan?.refusals ?? [];
  const left = unplacedText(pools);
  const failure = thrown === undefined ? '' : messageOf(thrown);
  const error = joined(`haproxy ${address}: `, failure, [...refusals, ...(left === '' ? [] : [left])]);
  return {
    address,
    outcome: thrown === undefined ? outcomeOf(refusals.length, changes.size, mode) : 'failed',
    changes: [...changes.values()].map(({ change }) => change),
    pools,
    warnings: [...(plan?.pools.flatMap((pool) => pool.warnings) ?? []), ...warnings],
    ...(error === '' ? {} : { error }),
  };
}

/** The failure first; `name` says whose errors these are, once. */
function joined(name: string, failure: string, errors: readonly string[]): string {
  const own = errors.join('; ');
  if (own === '') return failure;
  if (failure === '') return `${name}${own}`;
  return failure.startsWith(name) ? `${failure}; ${own}` : `${failure}; ${name}${own}`;
}

function outcomeOf(refusals: number, changes: number, mode: 'apply' | 'plan'): Outcome {
  if (refusals > 0) return 'guarded';
  if (changes === 0) return 'unchanged';
  return mode === 'plan' ? 'planned' : 'changed';
}

function unplacedText(pools: readonly PoolReport[]): string {
  const named = pools.flatMap(({ backend, unplaced }) =>
    unplaced.map(({ instance, reason }) => `${instance} (${backend}: ${reason})`),
  );
  if (named.length === 0) return '';
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : '';
  return `${named.length} left out for want of a slot: ${named.slice(0, MAX_NAMED).join(', ')}${more}`;
}
