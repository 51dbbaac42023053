// What a function answers: the report, cut where it is larger than Lambda takes. Pure.
import type { LoadBalancerReport, PoolReport, Report } from '../model/report.js';

/** Lambda takes answers of 6 MB (Lambda quotas, "Invocation payload"); JSON may still escape some of it. In bytes. */
const MAX_BYTES = 5_500_000;

/** Entries that a list keeps, for the lists that are cut first, then, and last: changes stay longest. */
interface Caps {
  readonly unplaced: number;
  readonly warnings: number;
  readonly changes: number;
}

const ALL = Number.POSITIVE_INFINITY;
const STEPS: readonly Caps[] = [
  { unplaced: 100, warnings: ALL, changes: ALL },
  { unplaced: 10, warnings: 100, changes: ALL },
  { unplaced: 1, warnings: 10, changes: ALL },
  { unplaced: 1, warnings: 10, changes: 500 },
  { unplaced: 1, warnings: 1, changes: 50 },
  { unplaced: 0, warnings: 0, changes: 0 },
];

/**
 * The report, or as much of it as fits: of each load balancer (and of Consul) the first entries, and in `cut` how
 * many were left out. Metrics and log lines are made of the whole report, before.
 */
export function answerOf(report: Report, maxBytes: number = MAX_BYTES): Report {
  if (fits(report, maxBytes, atMost) || fits(report, maxBytes, bytesOf)) return report;
  for (const caps of STEPS) {
    const cut = cutTo(report, caps);
    if (fits(cut, maxBytes, bytesOf)) return cut;
  }
  // So many load balancers that even their names do not fit.
  return { ...cutTo(report, { unplaced: 0, warnings: 0, changes: 0 }), loadBalancers: [] };
}

/** Of a change beside its texts, as JSON: names of members, numbers, quotes; in bytes. */
const CHANGE_BYTES = 400;
/** That a character takes in JSON at most, in bytes. */
const CHARACTER_BYTES = 6;

/** No less than it takes as JSON: to make the text of thousands of changes only to see that they fit takes a while. */
function atMost(one: LoadBalancerReport): number {
  let characters = 0;
  for (const { backend, slot, instance, before, after, reason, error } of one.changes) {
    characters +=
      backend.length + slot.length + (instance?.length ?? 0) + reason.length + (error?.length ?? 0);
    characters += (before.address?.length ?? 0) + (after.address?.length ?? 0);
  }
  return bytesOf({ ...one, changes: [] }) + one.changes.length * CHANGE_BYTES + characters * CHARACTER_BYTES;
}

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));

/** Looks no further than it has to: the text of all of a large fleet may not fit into memory. */
function fits(report: Report, maxBytes: number, sizeOf: (one: LoadBalancerReport) => number): boolean {
  let left = maxBytes - bytesOf({ ...report, loadBalancers: [] });
  for (const one of report.loadBalancers) {
    if (left < 0) return false;
    // With the comma after it.
    left -= sizeOf(one) + 1;
  }
  return left >= 0;
}

function cutTo(report: Report, caps: Caps): Report {
  const left = { changes: 0, warnings: 0, problems: 0, unplaced: 0 };
  const first = <T>(list: readonly T[], kind: keyof typeof left, most: number): readonly T[] => {
    left[kind] += Math.max(0, list.length - most);
    return list.slice(0, most);
  };
  const pool = (one: PoolReport): PoolReport => ({
    ...one,
    heldSlots: one.heldSlots.slice(0, caps.changes),
    unplaced: first(one.unplaced, 'unplaced', caps.unplaced),
  });
  const loadBalancers = report.loadBalancers.map(
    (one): LoadBalancerReport => ({
      ...one,
      changes: first(one.changes, 'changes', caps.changes),
      pools: one.pools.map(pool),
      warnings: first(one.warnings, 'warnings', caps.warnings),
      problems: first(one.problems, 'problems', caps.warnings),
    }),
  );
  const consul = { ...report.consul, warnings: first(report.consul.warnings, 'warnings', caps.warnings) };
  const problems = first(report.problems, 'problems', caps.warnings);
  return { ...report, consul, problems, loadBalancers, cut: left };
}
