// Prints a report for people: a line per change, then a line per load balancer and pool. Pure.
import { printHostPort } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { LoadBalancerReport, Report } from '../model/report.js';
import type { ServerSettings } from '../model/server.js';
import { showMs } from '../model/text.js';

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

/** One change: `add iri_back/irisrv7 n1/iri-1 10.0.0.1:14265 weight 1 (passing in Consul)`. */
export function changeText({ action, backend, slot, instance, before, after, reason }: Change): string {
  const label = instance ?? '-';
  return `${action.padEnd(7)} ${backend}/${slot}  ${label}  ${difference(before, after)}  (${reason})`;
}

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
  const counts = pools.map(({ backend, ready, maintenance, free, held, unplaced }) => {
    const extra = [
      held > 0 ? `${held} held in drain` : '',
      unplaced.length > 0 ? `${unplaced.length} without a slot` : '',
    ];
    return [
      `${backend} ${ready} ready`,
      `${maintenance} in maintenance (${free} free)`,
      ...extra.filter(Boolean),
    ].join(', ');
  });
  const what = `${DONE[outcome]}${changes.length > 0 ? ` (${changes.length})` : ''}`;
  return [
    `${address}  ${what}, ${consul.instances} instances at index ${consul.index}, ${showMs(durationMs)}`,
    ...counts,
  ].join('; ');
}
