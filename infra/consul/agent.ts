// Renders the part of a Consul agent's configuration that wakes the forwarder. Pure.
import type { Config } from '../../lib/config/pools.js';

export interface AgentOptions {
  /** Where the forwarder listens; the agent runs on the same host. */
  readonly forwarderUrl: string;
}

/**
 * JSON for a file in the agent's `-config-dir`: a watch per service of the pools. Type `service`, since
 * `checks` lacks the node's health, and without `passingonly`, since a failing instance is what we want
 * to hear of. With ACLs on, the agent's default token must be able to read the services.
 */
export function renderConsulAgent(config: Pick<Config, 'pools'>, { forwarderUrl }: AgentOptions): string {
  const services = [...new Set(config.pools.map((pool) => pool.service))].sort();
  const base = forwarderUrl.replace(/\/+$/, '');
  const watches = services.map((service) => ({
    type: 'service',
    service,
    handler_type: 'http',
    http_handler_config: { path: `${base}/watch/${service}`, method: 'POST', timeout: '10s' },
  }));
  return `${JSON.stringify({ watches }, null, 2)}\n`;
}
