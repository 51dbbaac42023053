// What somebody means by X: an instance by id, node/id or address:port, or a slot; all that match, and the near misses. Pure.
import type { Config } from '../config/pools.js';
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import { labelOf, type ServiceInstance } from '../model/instance.js';
import { nearNames } from '../model/nearest.js';
import type { ObservedServer } from '../model/server.js';
import type { Located } from '../plan/selection.js';
import { concerning } from './concerning.js';
import type { FleetLook } from './look.js';
import type { CatalogView } from './views.js';

/** A server of one load balancer. */
export interface TargetSlot {
  /** The load balancer's. */
  readonly address: string;
  readonly backend: string;
  readonly server: ObservedServer;
}

/** One instance with the slots that have its addresses, or one `address:port` in slots at which Consul has nobody. */
export interface Target {
  /** `node/id`; null: nobody in Consul, as far as that could be read. */
  readonly label: string | null;
  readonly service: string | null;
  /** As Consul lists it; undefined: nobody. */
  readonly instance: ServiceInstance | undefined;
  /** Undefined also where its address or port is unusable. */
  readonly located: Located | undefined;
  /** `address:port` of all its slots; of an instance also those that it is registered at. */
  readonly hostPorts: readonly string[];
  /** On every load balancer that could be read. */
  readonly slots: readonly TargetSlot[];
}

export interface Targets {
  readonly found: readonly Target[];
  /** Where nothing was found: names that differ from it by a letter or two, or contain it. */
  readonly near: readonly string[];
  /** Load balancers on which `text` is a slot that holds no address: nobody's. */
  readonly empty: readonly string[];
}

/**
 * Everything that `text` names: a service id, `node/id`, `address:port` (also one that only slots have, and a
 * host name with its port), an address alone, or `backend/slot`.
 */
export function findTargets(look: FleetLook, config: Pick<Config, 'pools'>, text: string): Targets {
  const wanted = canonical(text);
  const found = targetsIn(concerning(look, text), config).filter((target) => isNamed(target, text, wanted));
  const near = found.length > 0 ? [] : nearTo(text, targetsIn(look, config));
  return { found, near, empty: emptyOf(look, text) };
}

function emptyOf({ loadBalancers }: FleetLook, text: string): string[] {
  const at = text.indexOf('/');
  const [backend, slot] = [text.slice(0, at), text.slice(at + 1)];
  return loadBalancers
    .filter(({ observed }) =>
      observed?.backends.get(backend)?.some((one) => one.slot === slot && isEmpty(one)),
    )
    .map(({ address }) => address);
}

/** Never filled: a placeholder is no address to be served at. */
const isEmpty = ({ address, port }: ObservedServer): boolean =>
  address === null || port === 0 || address === '0.0.0.0' || address === '::';

/** Every instance that Consul lists for a pool, and every slot that holds an address of nobody's. */
export function targetsIn(
  { catalogView, loadBalancers }: FleetLook,
  { pools }: Pick<Config, 'pools'>,
): Target[] {
  const byHostPort = new Map<string, TargetSlot[]>();
  for (const { address, observed } of loadBalancers)
    for (const { backend } of pools)
      for (const server of observed?.backends.get(backend) ?? []) {
        if (server.address === null || isEmpty(server)) continue;
        const hostPort = printHostPort(server.address, server.port);
        const known = byHostPort.get(hostPort);
        if (known) known.push({ address, backend, server });
        else byHostPort.set(hostPort, [{ address, backend, server }]);
      }
  const taken = new Set<string>();
  const targets: Target[] = [];
  for (const service of new Set(pools.map((pool) => pool.service))) {
    const backends = new Set(pools.filter((pool) => pool.service === service).map(({ backend }) => backend));
    for (const located of catalogView?.view.located.get(service) ?? []) {
      const hostPorts = hostPortsOf(located);
      const slots = hostPorts.flatMap((hostPort) =>
        (byHostPort.get(hostPort) ?? []).filter(({ backend }) => backends.has(backend)),
      );
      for (const { address, backend, server } of slots) taken.add(`${address} ${backend}/${server.slot}`);
      const { label, instance } = located;
      targets.push({ label, service, instance, located, hostPorts, slots });
    }
    for (const instance of catalogView ? instancesOf(catalogView, service) : [])
      if (!isUsable(instance))
        targets.push({
          ...{ label: labelOf(instance), service, instance, located: undefined },
          ...{ hostPorts: [`${instance.address}:${String(instance.port)}`], slots: [] },
        });
  }
  for (const [hostPort, slots] of byHostPort) {
    const free = slots.filter(
      ({ address, backend, server }) => !taken.has(`${address} ${backend}/${server.slot}`),
    );
    if (free.length > 0)
      targets.push({
        ...{ label: null, service: null, instance: undefined, located: undefined },
        ...{ hostPorts: [hostPort], slots: free },
      });
  }
  return targets;
}

/** As `locate` has it. */
const isUsable = ({ address, port }: ServiceInstance): boolean =>
  parseAddress(address) !== undefined && parsePort(port) !== undefined;

const instancesOf = ({ catalog }: CatalogView, wanted: string): readonly ServiceInstance[] =>
  catalog.services.find(({ service }) => service === wanted)?.instances ?? [];

/** As registered, and where it is. */
function hostPortsOf({ registered, addresses = [], port }: Located): string[] {
  return [...new Set([registered, ...addresses.map((address) => printHostPort(address, port))])];
}

function isNamed({ label, instance, hostPorts, slots }: Target, text: string, wanted: string): boolean {
  if (label === text || (instance && (instance.id === text || `${instance.node}/${instance.id}` === text)))
    return true;
  if (hostPorts.includes(wanted) || hostPorts.some((hostPort) => hostPort.replace(/:\d+$/, '') === wanted))
    return true;
  return slots.some(({ backend, server }) => `${backend}/${server.slot}` === text);
}

/** An `address:port`, or an address, as it is printed. */
function canonical(text: string): string {
  const [, host = '', portText = ''] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text) ?? [];
  const address = parseAddress(host === '' ? text : host);
  const port = parsePort(portText);
  if (!address) return text;
  return port ? printHostPort(address.text, port) : printHostPort(address.text, 1).replace(/:1$/, '');
}

/** Shown at most. */
const MAX_NEAR = 5;

function nearTo(text: string, targets: readonly Target[]): string[] {
  const names = targets.flatMap(({ label, instance, hostPorts }) => [
    ...(label !== null && instance ? [instance.id, label] : []),
    ...hostPorts,
  ]);
  return nearNames(text, [...new Set(names)]).slice(0, MAX_NEAR);
}
