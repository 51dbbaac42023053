// Finds the registered nodes of the pools' services in Consul, all or the one that is named.
import type { Config } from '../config/pools.js';
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import { labelOf, type ServiceInstance } from '../model/instance.js';
import { type ProblemCode, sentenceOf, textOf } from '../model/problem.js';
import type { Source } from '../model/source.js';
import { showName } from '../model/text.js';
import { usageError } from './usage.js';

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

/** Who is meant: a name in any of its forms, or the two parts of it, which are never ambiguous together. */
export interface Wanted {
  readonly name?: string | undefined;
  readonly node?: string | undefined;
  readonly id?: string | undefined;
}

/** The nodes that are wanted: of those with that node and id, `name` is `node/id`, or else an id, or else an `address:port`. */
export function findNodes(all: readonly RegisteredNode[], { name, node, id }: Wanted): RegisteredNode[] {
  const nodes = all.filter(
    (one) => (node === undefined || one.node === node) && (id === undefined || one.id === id),
  );
  if (name === undefined) return nodes;
  const wanted = canonical(name);
  const ways: ((node: RegisteredNode) => boolean)[] = [
    (one) => labelOf(one) === name,
    (one) => one.id === name,
    (one) => one.hostPort === wanted,
  ];
  for (const way of ways) {
    const found = nodes.filter(way);
    if (found.length > 0) return found;
  }
  return [];
}

/** Throws a usage error where nobody is named, before anybody is asked. */
export function requireName({ name, node, id }: Wanted): void {
  if (name === undefined && node === undefined && id === undefined)
    throw usageError('name a node: by id or address:port, or with --node and --id');
}

/** The one node that is wanted. Throws a usage error when there is none, or when there are several. */
export function findNode(nodes: readonly RegisteredNode[], wanted: Wanted): RegisteredNode {
  const found = findNodes(nodes, wanted);
  const [first] = found;
  if (!first)
    throw usageError(`no node ${wantedText(wanted)} in Consul; iri-lb node list shows those that are`);
  if (found.length === 1) return first;
  const labels = found.map(labelOf);
  const areDistinct = new Set(labels).size === labels.length;
  const choices = areDistinct ? labels : found.map(flagsOf);
  throw usageError(`${wantedText(wanted)} may be any of ${choices.join(', ')}; name one of these`);
}

function wantedText({ name, node, id }: Wanted): string {
  return [
    ...(name === undefined ? [] : [showName(name)]),
    ...(node === undefined ? [] : [`--node ${showName(node)}`]),
    ...(id === undefined ? [] : [`--id ${showName(id)}`]),
  ].join(' ');
}

/** Where two have one label, since both parts may have a slash. */
const flagsOf = ({ node, id }: RegisteredNode): string => `--node ${showName(node)} --id ${showName(id)}`;

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
