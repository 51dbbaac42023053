// The exit status of a command, from what it found: one rule for plan, apply and status. Pure.
import { isLeftOut } from '../model/problem.js';
import { failuresOf, type LoadBalancerReport, type PoolReport, type Report } from '../model/report.js';
import type { Status } from '../model/status.js';

export const EXIT = {
  ok: 0,
  /** Something failed, could not be read, or is held back. */
  failed: 1,
  /** Changes are pending that `apply` would make. */
  pending: 2,
  /** Somebody should look. */
  look: 3,
  /** Wrong usage, as in BSD's sysexits(3). */
  usage: 64,
} as const;

/**
 * Of a run, the first that holds: failed, pending (`plan` alone), somebody should look. What has to be left out
 * fails `apply`, and is only worth a look for `plan`, which has found out all it was asked for.
 */
export function reportStatus(report: Report, mode: 'plan' | 'apply'): number {
  if (mode === 'apply' ? failuresOf(report).length > 0 : hasFailed(report)) return EXIT.failed;
  if (mode === 'plan' && report.loadBalancers.some(isPending)) return EXIT.pending;
  return report.loadBalancers.some(wantsLook) ? EXIT.look : EXIT.ok;
}

/** Of what the fleet holds, as far as it was asked for. */
export function fleetStatus({ consul, loadBalancers, attention }: Status): number {
  if ([consul, ...loadBalancers].some(({ error }) => error !== undefined)) return EXIT.failed;
  const levels = new Set(attention.map(({ level }) => level));
  if (levels.has('failed')) return EXIT.failed;
  return levels.has('look') ? EXIT.look : EXIT.ok;
}

/** Errors, without those that only say who was left out. */
function hasFailed({ consul, problems, loadBalancers }: Report): boolean {
  const all = [...problems, ...loadBalancers.flatMap((balancer) => balancer.problems)];
  return (
    consul.error !== undefined ||
    loadBalancers.some(({ outcome }) => outcome === 'failed' || outcome === 'guarded') ||
    all.some((problem) => problem.level === 'error' && !isLeftOut(problem))
  );
}

const isPending = ({ changes }: LoadBalancerReport): boolean => changes.length > 0;

function wantsLook({ pools, problems }: LoadBalancerReport): boolean {
  const codes: readonly string[] = problems.map(({ code }) => code);
  return codes.includes('nobody-serves') || problems.some(isLeftOut) || pools.some(wastesSlots);
}

/** Somebody has no slot, or a slot is in drain at which nobody in Consul is: only its operator can free it. */
const wastesSlots = ({ heldSlots, unplaced }: PoolReport): boolean =>
  unplaced.length > 0 || heldSlots.some(({ instance }) => instance === null);
