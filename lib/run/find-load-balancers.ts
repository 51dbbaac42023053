// Finds the load balancers of a run: those that are named, and those that Consul knows.
import type { ConsulClient } from '../consul/client.js';
import type { LoadBalancers } from '../consul/discovery.js';
import {
  type AdminAddress,
  inPrintedOrder,
  printAdminAddress,
  type SocketAddress,
} from '../model/admin-address.js';

/**
 * Each load balancer once, ordered by its printed form. What looks them up in Consul is loaded only where
 * `consul:SERVICE` is among the addresses. Throws ConsulError where a service has none.
 */
export async function findLoadBalancers(
  client: ConsulClient,
  configured: readonly AdminAddress[],
  hasCertificates = false,
): Promise<LoadBalancers> {
  if (configured.some(({ kind }) => kind === 'consul')) {
    const { discoverLoadBalancers } = await import('../consul/discovery.js');
    return discoverLoadBalancers(client, configured, hasCertificates);
  }
  return namedLoadBalancers(configured);
}

/** Those that the configuration names; these need no asking. */
export function namedLoadBalancers(configured: readonly AdminAddress[]): LoadBalancers {
  const found = new Map<string, SocketAddress>();
  for (const address of configured)
    if (address.kind !== 'consul') found.set(printAdminAddress(address), address);
  return { addresses: inPrintedOrder(found), problems: [] };
}
