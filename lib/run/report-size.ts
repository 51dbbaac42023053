// Cuts a report to what a function may return: Lambda takes 6 MB. Pure.
import type { LeftOutCounts, LoadBalancerReport, Report } from '../model/report.js';

/** In bytes; below Lambda's 6 MB, with room for the envelope. */
const MAX_BYTES = 5_500_000;
/** No entry of a list is longer than this, in bytes: a report with few of them is not measured. */
const LONGEST_ENTRY = 2_000;

/** How many entries of each list stay, from what goes first to what goes last. */
const CUTS: readonly Partial<LeftOutCounts>[] = [
  { unplaced: 100 },
  { unplaced: 10 },
  { unplaced: 10, warnings: 100 },
  { unplaced: 10, warnings: 10 },
  { unplaced: 10, warnings: 10, changes: 1_000 },
  { unplaced: 10, warnings: 10, changes: 100 },
  { unplaced: 1, warnings: 1, changes: 1 },
];

/**
 * The report, or as much of it as fits: changes stay longest, then warnings, then who is unplaced. What was left
 * out is counted, by load balancer.
 */
export function fitReport(report: Report, maxBytes = MAX_BYTES): Report {
  const entries = report.loadBalancers.reduce((sum, one) => sum + entriesOf(one), 0);
  if (entries * LONGEST_ENTRY <= maxBytes || sizeOf(report) <= maxBytes) return report;
  let fitting = report;
  for (const most of CUTS) {
    const { unplaced = Infinity, warnings = Infinity, changes = Infinity } = most;
    const loadBalancers = report.loadBalancers.map((one) => cut(one, { unplaced, warnings, changes }));
    fitting = { ...report, loadBalancers };
    if (sizeOf(fitting) <= maxBytes) break;
  }
  return fitting;
}

const sizeOf = (report: Report): number => Buffer.byteLength(JSON.stringify(report));

function entriesOf({ changes, warnings, problems, pools }: LoadBalancerReport): number {
  const inPools = pools.reduce((sum, pool) => sum + pool.unplaced.length + pool.heldSlots.length, 1);
  return changes.length + warnings.length + problems.length + inPools;
}

function cut(report: LoadBalancerReport, most: LeftOutCounts): LoadBalancerReport {
  const pools = report.pools.map((pool) => ({
    ...pool,
    unplaced: pool.unplaced.slice(0, most.unplaced),
    heldSlots: pool.heldSlots.slice(0, most.unplaced),
  }));
  const changes = report.changes.slice(0, most.changes);
  const warnings = report.warnings.slice(0, most.warnings);
  const unplaced = report.pools.reduce(
    (sum, { unplaced }) => sum + Math.max(0, unplaced.length - most.unplaced),
    0,
  );
  const leftOut = {
    changes: report.changes.length - changes.length,
    warnings: report.warnings.length - warnings.length,
    unplaced,
  };
  const problems = report.problems.slice(0, Math.max(10, most.warnings));
  return { ...report, changes, warnings, problems, pools, leftOut };
}
