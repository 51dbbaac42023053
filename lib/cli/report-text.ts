// Prints a report for people: a line per change, then a line per load balancer and pool. Pure.
import { printHostPort } from '../model/address.js';
import type { MadeChange } from '../model/change.js';
import type { LoadBalancerReport, PoolReport, Report } from '../model/report.js';
import type { ServerSettings } from '../model/server.js';
import { plainText, showMs } from '../model/text.js';

const DONE = {
  changed: 'changed',
  unchanged: 'nothing changed',
  planned: 'changes pending',
  guarded: 'guarded',
  failed: 'failed',
};

/** The lines of a report; warnings and errors are left to the caller. */
export function reportLines(report: Report): string[] {
  return report.loadBalancers.flatMap((balancer) => [
    ...balancer.changes.map((change) => `${balancer.address}  ${changeText(change)}`),
    summary(balancer, report),
  ]);
}

/** Warnings of all load balancers and of Consul, each once. */
export function warningsOf({ consul, loadBalancers }: Report): string[] {
  return [...new Set([...consul.warnings, ...loadBalancers.flatMap(({ warnings }) => warnings)])];
}

/**
 * One change: `add iri_back/irisrv7 n1/iri-1 10.0.0.1:14265 weight 1 (passing in Consul)`. One that was not made
 * begins with that, and ends with why: `FAILED add …: HAProxy said "…"`.
 */
export function changeText(change: MadeChange): string {
  const { action, backend, slot, instance, before, after, reason, error } = change;
  const text = `${action.padEnd(7)} ${backend}/${slot}  ${instance ?? '-'}  ${difference(before, after)}  (${reason})`;
  if (isMade(change)) return text;
  return `${change.result === 'failed' ? 'FAILED' : 'skipped'} ${text}${error === undefined ? '' : `: ${plainText(error)}`}`;
}

const isMade = ({ result }: MadeChange): boolean => result !== 'failed' && result !== 'skipped';

function difference(before: ServerSettings, after: ServerSettings): string {
  const parts: string[] = [];
  const at = after.address === null ? '-' : printHostPort(after.address, after.port);
  if (before.address !== after.address || before.port !== after.port) parts.push(`→ ${at}`);
  else parts.push(at);
  for (const field of ['weight', 'maxconn', 'state'] as const) {
    if (before[field] !== after[field]) parts.push(`${field} ${before[field]} → ${after[field]}`);
  }
  return parts.join(', ');
}

function summary(
  { address, outcome, changes, pools }: LoadBalancerReport,
  { consul, durationMs }: Report,
): string {
  const counts = pools.map(
    ({ backend, ready, serving, maintenance, free, held, heldSlots, unplaced }: PoolReport) => {
      const nobodys = heldSlots.filter((entry) => entry.instance === null).map(({ slot }) => slot);
      const extra = [
        held > 0 ? `${held} held in drain` : '',
        nobodys.length > 0 ? `for nobody: ${nobodys.join(' ')}` : '',
        unplaced.length > 0 ? `${unplaced.length} without a slot` : '',
      ];
      return [
        `${backend} ${ready} ready`,
        ...(serving === ready ? [] : [`${serving} of them serve`]),
        `${maintenance} in maintenance (${free} free)`,
        ...extra.filter(Boolean),
      ].join(', ');
    },
  );
  const made = changes.filter(isMade).length;
  const count = made === changes.length ? `${made}` : `${made} of ${changes.length}`;
  const what = `${DONE[outcome]}${changes.length > 0 ? ` (${count})` : ''}`;
  return [
    `${address}  ${what}, ${consul.instances} instances at index ${consul.index}, ${showMs(durationMs)}`,
    ...counts,
  ].join('; ');
}
