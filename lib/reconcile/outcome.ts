// The report of one load balancer's run. Pure.
import type { Config } from '../config/pools.js';
import { printAdminAddress } from '../haproxy/admin-address.js';
import type { LoadBalancerReport, Outcome, PoolReport } from '../report.js';
import { reportPools } from './pool-report.js';
import type { SocketAddress } from './ports.js';
import type { Progress } from './settle.js';

/** Instances named in the error when there is no slot for them; the report lists all. */
const MAX_NAMED = 10;

/** What happened, who has which slots now, and what was held back or left out, which is an error. */
export function reportOf(
  config: Config,
  address: SocketAddress,
  { changes, observed, plan, warnings }: Progress,
  mode: 'apply' | 'plan',
): LoadBalancerReport {
  const pools = observed && plan ? reportPools(config, observed, plan.pools) : [];
  const refusals = plan?.refusals ?? [];
  const left = unplacedText(pools);
  const errors = [...refusals, ...(left === '' ? [] : [left])];
  return {
    address: printAdminAddress(address),
    outcome: outcomeOf(refusals.length, changes.size, mode),
    changes: [...changes.values()],
    pools,
    warnings: [...(plan?.pools.flatMap((pool) => pool.warnings) ?? []), ...warnings],
    ...(errors.length > 0 ? { error: errors.join('; ') } : {}),
  };
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
