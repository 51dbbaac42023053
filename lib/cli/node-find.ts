// Finds the registered nodes of the pools' services in Consul, all or the one that is named.
import type { Config } from '../config/pools.js';
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import { labelOf, type ServiceInstance } from '../model/instance.js';
import { type ProblemCode, sentenceOf, textOf } from '../model/problem.js';
import type { Source } from '../model/source.js';
import { showName } from '../model/text.js';

/** An instance and the service that it is registered under. */
export interface RegisteredNode extends ServiceInstance {
  readonly service: string;
  /** `address:port` as registered, made safe to print. */
  readonly hostPort: string;
}

/** With these an empty answer means nothing. */
const UNREADABLE: readonly ProblemCode[] = ['service-denied', 'rights-unread'];

/**
 * Every instance of every service that a pool serves, ordered by service, node and id. Throws when Consul
 * cannot be read; an empty answer to a token that may not read is that, too.
 */
export async function readNodes(
  source: Source,
  config: Config,
  warn: (line: string) => void,
): Promise<RegisteredNode[]> {
  const services = [...new Set(config.pools.map((pool) => pool.service))].sort();
  const { catalog } = await source.read(services);
  for (const problem of catalog.problems)
    warn('service' in problem ? `service ${problem.service}: ${textOf(problem)}` : textOf(problem));
  return catalog.services.flatMap(({ service, instances, absence }) => {
    const flaw = absence.believed === 'no' ? absence.why : undefined;
    if (flaw && instances.length === 0 && UNREADABLE.includes(flaw.code))
      throw new Error(`consul: service ${service}: ${sentenceOf(flaw)}`);
    if (flaw?.code === 'answer-filtered') warn(`service ${service}: ${sentenceOf(flaw)}`);
    return instances.map((instance) => ({ ...instance, service, hostPort: hostPortOf(instance) }));
  });
}

/** The nodes that `name` stands for: `node/id`, or else an id, or else an `address:port`. */
export function findNodes(nodes: readonly RegisteredNode[], name: string): RegisteredNode[] {
  const wanted = canonical(name);
  const ways: ((node: RegisteredNode) => boolean)[] = [
    (node) => labelOf(node) === name,
    (node) => node.id === name,
    (node) => node.hostPort === wanted,
  ];
  for (const way of ways) {
    const found = nodes.filter(way);
    if (found.length > 0) return found;
  }
  return [];
}

/** The one node that `name` stands for. Throws when there is none, or when there are several. */
export function findNode(nodes: readonly RegisteredNode[], name: string): RegisteredNode {
  const found = findNodes(nodes, name);
  const [first] = found;
  if (!first) throw new Error(`no node ${showName(name)} in Consul; iri-lb node list shows those that are`);
  if (found.length > 1) {
    throw new Error(`${showName(name)} may be any of ${found.map(labelOf).join(', ')}; name one of these`);
  }
  return first;
}

function hostPortOf({ address, port }: ServiceInstance): string {
  const parsed = parseAddress(address);
  const number = parsePort(port);
  return parsed && number
    ? printHostPort(parsed.text, number)
    : `${showName(address)}:${showName(String(port))}`;
}

/** `address:port` as we print it, whatever its spelling; other text as it is. */
function canonical(name: string): string {
  const at = name.lastIndexOf(':');
  const address = parseAddress(name.slice(0, at));
  const port = parsePort(name.slice(at + 1));
  return at > 0 && address && port ? printHostPort(address.text, port) : name;
}
