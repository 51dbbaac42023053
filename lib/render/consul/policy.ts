// Renders the ACL policy of the token: what reading the catalog takes, and no more. Pure.
import type { Config } from '../../config/pools.js';
import type { AdminAddress } from '../../model/admin-address.js';
import { ConfigError } from '../../model/errors.js';
import { quote } from '../../model/text.js';

export interface PolicyOptions {
  /** Where the load balancers are; those in Consul (`consul:SERVICE`) are read with the same token. */
  readonly loadBalancers?: readonly AdminAddress[];
  /** Of the services (Consul Enterprise). */
  readonly namespace?: string | undefined;
}

/**
 * Rules in Consul's own language, for `consul acl policy create -rules -`: `service:read` on each service
 * of the pools, and `node:read`, without which Consul leaves the rows out of the answer. Those of a namespace are in a block
 * of its own, in a policy of the default one. Throws ConfigError for a namespace that can be none.
 */
export function renderPolicy(
  config: Pick<Config, 'pools'>,
  { loadBalancers = [], namespace }: PolicyOptions = {},
): string {
  const discovered = loadBalancers.flatMap((entry) => (entry.kind === 'consul' ? [entry.service] : []));
  const services = new Set([...config.pools.map((pool) => pool.service), ...discovered]);
  const rules = [...services].sort().map((service) => rule(`service "${service}"`));
  const head = '# Rendered by `iri-lb render policy`. For: consul acl policy create -name iri-lb -rules -';
  const all = [...rules, rule('node_prefix ""')].join('\n');
  if (namespace === undefined) return `${head}\n${all}\n`;
  if (!NAMESPACE.test(namespace)) {
    const message = `${quote(namespace)} is no namespace; use letters, digits and hyphens`;
    throw new ConfigError('consul policy', [{ path: 'CONSUL_NAMESPACE', message }]);
  }
  return `${head}\nnamespace "${namespace}" {\n${all.replace(/^/gm, '  ')}\n}\n`;
}

/** A host name's label (Consul Enterprise, namespaces), and nothing that would end the quotes. */
const NAMESPACE = /^[A-Za-z0-9-]{1,64}$/;

function rule(scope: string): string {
  return `${scope} {\n  policy = "read"\n}`;
}
