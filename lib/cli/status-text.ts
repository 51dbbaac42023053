// Prints what the load balancers hold for people: a table for each, its pools counted, and where they differ. Pure.
import Table from 'cli-table3';
import { printHostPort } from '../model/address.js';
import type { LoadBalancerStatus, PoolStatus, SlotStatus, Status } from '../model/status.js';

/** The lines; errors are left to the caller, but what they make unknown is never printed as a count. */
export function statusLines({ consul, loadBalancers, differences }: Status): string[] {
  const { instances, index, error } = consul;
  return [
    error === undefined
      ? `Consul: ${instances} instances at index ${index}`
      : 'Consul: not known, it could not be read',
    ...loadBalancers.flatMap(balancerLines),
    ...(differences.length > 0
      ? ['', 'The load balancers differ:', ...differences.map((line) => `  ${line}`)]
      : []),
  ];
}

function balancerLines({ address, version, uptimeSeconds = 0, slots, pools }: LoadBalancerStatus): string[] {
  if (version === undefined) return [];
  return [
    '',
    `${address}: HAProxy ${version}, up ${uptimeSeconds} s, ${slots.length} slots in use`,
    ...(slots.length === 0 ? [] : [tableOf(slots)]),
    ...pools.map(poolText),
  ];
}

/** `iri_back: 3 ready, 2 of them serve; irisrv4 is held in drain for nobody`. */
function poolText({ backend, ready, serving, unserved, heldForNobody }: PoolStatus): string {
  const held = heldForNobody.length === 0 ? '' : `; held in drain for nobody: ${heldForNobody.join(', ')}`;
  return `  ${backend}: ${ready} ready, ${serving} of them serve${unserved ? ': NOBODY serves' : ''}${held}`;
}

function tableOf(slots: readonly SlotStatus[]): string {
  const table = new Table({
    head: ['backend', 'slot', 'instance', 'address', 'state', 'status', 'weight', 'maxconn', 'sessions'],
    style: { head: [], border: [], compact: true },
  });
  for (const { backend, slot, instance, address, port, state, status, weight, maxconn, sessions } of slots) {
    const at = address === null ? '-' : printHostPort(address, port);
    const limit = maxconn === 0 ? 'no limit' : maxconn;
    table.push([backend, slot, instance ?? '-', at, state, status, weight, limit, sessions]);
  }
  return table.toString();
}
