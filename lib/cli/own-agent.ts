// The agent of a node, which alone can put it into maintenance; where another one is asked, where that one is.
import type { Settings } from '../config/environment.js';
import type { Agent } from '../consul/agent.js';
import type { AgentIdentity } from '../consul/agent-answers.js';
import { parseAddress, printHostPort } from '../model/address.js';
import { showName } from '../model/text.js';
import type { Runner } from '../run/runner.js';

/** Where Consul's agents take HTTP by default. */
const AGENT_PORT = 8500;

/** Who the agent is. Throws where that is not the agent of the node; `service` is one that the node has. */
export async function requireOwnAgent(
  agent: Agent,
  node: string,
  service: string,
  { client, settings }: Pick<Runner, 'client' | 'settings'>,
): Promise<AgentIdentity> {
  const identity = await agent.identity();
  const { datacenter } = settings.consul;
  if (identity.node === node) {
    if (datacenter === undefined || identity.datacenter === datacenter) return identity;
    const asked = `and the agent at ${agent.address} is not known to be; run this at its own agent`;
    throw new Error(`node ${showName(node)} is in datacenter ${showName(datacenter)}, ${asked}`);
  }
  const rows = (await client.readService(service)).rows;
  throw new Error(otherAgent(node, identity.node, agent.address, addressIn(rows, node), settings));
}

/** `address` is the node's in Consul. */
function otherAgent(
  node: string,
  other: string,
  asked: string,
  address: string | undefined,
  { consul }: Pick<Settings, 'consul'>,
): string {
  const what = `only the agent of node ${showName(node)} can do that, and ${asked} is that of ${showName(other)}`;
  const parsed = address === undefined ? undefined : parseAddress(address);
  if (!parsed) return `${what}; run this there`;
  const url = urlAt(consul.addresses[0] ?? '');
  const at = printHostPort(parsed.text, url.port);
  return `${what}; say CONSUL_HTTP_ADDR=${url.scheme}://${at}, or run this there`;
}

/** As the agent that was asked is reached: agents of one datacenter are mostly alike. */
function urlAt(asked: string): { readonly scheme: string; readonly port: number } {
  const url = URL.canParse(asked) ? new URL(asked) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return { scheme: 'http', port: AGENT_PORT };
  return { scheme: url.protocol.slice(0, -1), port: Number(url.port) || AGENT_PORT };
}

/** The address of a node, of rows as Consul answers them. */
function addressIn(rows: readonly unknown[], node: string): string | undefined {
  for (const row of rows) {
    const { Node: one } = row as { readonly Node?: { readonly Node?: unknown; readonly Address?: unknown } };
    if (one?.Node === node && typeof one.Address === 'string') return one.Address;
  }
  return undefined;
}
