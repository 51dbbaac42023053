// Renders the ACL policy of the token: what reading the catalog takes, and no more. Pure.
import type { AdminAddress } from '../../lib/config/environment.js';
import type { Config } from '../../lib/config/pools.js';

export interface PolicyOptions {
  /** Where the load balancers are; those in Consul (`consul:SERVICE`) are read with the same token. */
  readonly loadBalancers?: readonly AdminAddress[];
}

/**
 * Rules in Consul's own language, for `consul acl policy create -rules -`: `service:read` on each service
 * of the pools, and `node:read`, without which Consul leaves the rows out of the answer.
 */
export function renderPolicy(
  config: Pick<Config, 'pools'>,
  { loadBalancers = [] }: PolicyOptions = {},
): string {
  const discovered = loadBalancers.flatMap((entry) => (entry.kind === 'consul' ? [entry.service] : []));
  const services = new Set([...config.pools.map((pool) => pool.service), ...discovered]);
  const rules = [...services].sort().map((service) => rule(`service "${service}"`));
  const head = '# Rendered by `iri-lb render policy`. For: consul acl policy create -name iri-lb -rules -';
  return `${[head, ...rules, rule('node_prefix ""')].join('\n')}\n`;
}

function rule(scope: string): string {
  return `${scope} {\n  policy = "read"\n}`;
}
