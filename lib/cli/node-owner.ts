// Whose a service id is: ids are unique per agent only, so an agent must be told by more than that. Pure.
import type { AgentIdentity, AgentService } from '../consul/agent-answers.js';
import { parseAddress, printHostPort } from '../model/address.js';
import { labelOf } from '../model/instance.js';
import type { Registration } from '../model/registration.js';
import { showName } from '../model/text.js';
import type { RegisteredNode } from './node-find.js';

/** An agent as it was asked. */
export interface AskedAgent {
  readonly address: string;
  readonly identity: AgentIdentity;
  /** What it has under the id. */
  readonly service: AgentService | undefined;
}

/**
 * Why the agent's service is not the node that is to be removed; undefined: it is. All of node, name, address and
 * port have to be the same. `datacenter` is the one that the catalog was read in, where that was said.
 */
export function refusalToRemove(
  node: RegisteredNode,
  { address, identity, service }: AskedAgent,
  datacenter?: string,
): string | undefined {
  const label = labelOf(node);
  if (identity.node !== node.node)
    return `${label} is of the agent of node ${showName(node.node)}, and ${address} is that of ${showName(identity.node)}; run this there${ifGone(node, address, datacenter)}`;
  if (datacenter !== undefined && identity.datacenter !== datacenter)
    return `${label} is in datacenter ${showName(datacenter)}, and the agent at ${address} is not known to be; run this at its own agent`;
  if (!service)
    return `${label} is not registered with the agent at ${address}, though it is its node's${ifGone(node, address, datacenter)}`;
  const { address: own, port } = service;
  const isSame =
    service.id === node.id &&
    service.service === node.service &&
    port === Number(node.port) &&
    // Where the service has none, it is the node's, which Consul put in its place.
    (own === '' || canonical(own) === canonical(node.address));
  if (isSame) return undefined;
  return `the agent at ${address} has ${showName(node.id)} as service ${showName(service.service)} at ${placeOf(service)}, not as ${showName(node.service)} at ${node.hostPort}; iri-lb node list shows what the catalog has by now`;
}

/** What can be done where there is no agent to ask any more. Printed to be pasted only where a shell reads it as it is. */
function ifGone({ node, id }: RegisteredNode, address: string, datacenter: string | undefined): string {
  const isPlain = [node, id, datacenter ?? ''].every((text) => /^[A-Za-z0-9_.:@[\]-]*$/.test(text));
  if (!isPlain)
    return ', or, where that agent is gone for good, use consul force-leave or catalog/deregister';
  const body = JSON.stringify({
    ...(datacenter === undefined ? {} : { Datacenter: datacenter }),
    ...{ Node: node, ServiceID: id },
  });
  return (
    `, or, where that agent is gone for good: consul force-leave ${node}, ` +
    `else curl -X PUT ${address}/v1/catalog/deregister -d '${body}'`
  );
}

/**
 * Why a registration must not be made where the agent has `found` under its id: another service, or the same at
 * another place, would be gone without a word. Undefined: it is new, or says anew what is there.
 */
export function refusalToReplace(
  { ID: id, Name: name, Address: address, Port: port }: Registration,
  found: AgentService | undefined,
): string | undefined {
  if (!found) return undefined;
  const isSame =
    found.service === name && found.port === port && canonical(found.address) === canonical(address);
  if (isSame) return undefined;
  return `the agent has ${showName(id)} already, as service ${showName(found.service)} at ${placeOf(found)}; give another --id, or say --replace`;
}

const placeOf = ({ address, port }: AgentService): string =>
  address === '' ? `its node's port ${port}` : showName(printHostPort(address, port));

/** One form of an address; other text as it is. */
const canonical = (address: string): string => parseAddress(address)?.text ?? address;
