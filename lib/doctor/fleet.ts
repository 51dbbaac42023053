// Judges what only shows across load balancers: the same one named twice, and how they were found. Pure.
import type { Facts } from './facts.js';
import { errorFrom, type Finding, problemFinding, warning } from './finding.js';

/** Two reads of one process's uptime differ by the time between them, in seconds. */
const SAME_START_SECONDS = 60;

export function judgeFleet({ discoveryFailure, discoveryProblems, loadBalancers }: Facts): Finding[] {
  const lookup = 'HAPROXY_ADDRESSES';
  return [
    ...(discoveryFailure === undefined ? [] : [errorFrom('haproxy', lookup, discoveryFailure)]),
    ...discoveryProblems.map((problem) => problemFinding('haproxy', lookup, problem)),
    ...judgeTwins(loadBalancers),
  ];
}

function judgeTwins(loadBalancers: Facts['loadBalancers']): Finding[] {
  const findings: Finding[] = [];
  for (const [index, { name, found }] of loadBalancers.entries()) {
    if ('failure' in found) continue;
    const { pid, node, uptimeSeconds } = found.process;
    const twin = loadBalancers.slice(0, index).find((other) => {
      if ('failure' in other.found) return false;
      const { process } = other.found;
      const apart = Math.abs(process.uptimeSeconds - uptimeSeconds);
      return process.pid === pid && process.node === node && apart < SAME_START_SECONDS;
    });
    if (!twin) continue;
    const finding = `is the same process as ${twin.name} (pid ${pid}${node ? ` on ${node}` : ''})`;
    findings.push(warning('haproxy', name, finding, 'name each load balancer once in HAPROXY_ADDRESSES'));
  }
  return findings;
}
