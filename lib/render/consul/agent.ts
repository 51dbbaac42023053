// Renders the part of a Consul agent's configuration that wakes the forwarder. Pure.
import type { Config } from '../../config/pools.js';
import { ConfigError } from '../../model/errors.js';
import { forwarderAddress } from '../forwarder-address.js';

export interface AgentOptions {
  /** Where the forwarder listens; the agent runs on the same host. */
  readonly forwarderUrl: string;
  /** Where the functions read the catalog; an agent watches its own datacenter otherwise. */
  readonly datacenter?: string | undefined;
  /** Where the functions read the catalog; refused. */
  readonly namespace?: string | undefined;
}

/**
 * JSON for a file in the agent's `-config-dir`: a watch per service of the pools. Type `service`, since
 * `checks` lacks the node's health, and without `passingonly`, since a failing instance is what we want
 * to hear of. With ACLs on, the agent's default token needs `service:read` and
 * `node:read`: without the latter its answers are empty, always, and an answer that stays the same is no event. Throws ConfigError for a
 * namespace: watches have none (hashicorp/consul#9353), and an agent does not start with one in them.
 */
export function renderConsulAgent(
  config: Pick<Config, 'pools'>,
  { forwarderUrl, datacenter, namespace }: AgentOptions,
): string {
  if (namespace !== undefined) {
    const message = "an agent's watch knows no namespaces; leave it to the resync, every minute";
    throw new ConfigError('consul watch', [{ path: 'CONSUL_NAMESPACE', message }]);
  }
  const services = [...new Set(config.pools.map((pool) => pool.service))].sort();
  const { url: base } = forwarderAddress(forwarderUrl);
  const watches = services.map((service) => ({
    type: 'service',
    service,
    ...(datacenter === undefined ? {} : { datacenter }),
    handler_type: 'http',
    http_handler_config: {
      path: `${base}/watch/${encodeURIComponent(service)}`,
      method: 'POST',
      timeout: '10s',
    },
  }));
  return `${JSON.stringify({ watches }, null, 2)}\n`;
}
