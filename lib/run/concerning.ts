// The part of a look that a name may concern, so that of thousands only few are joined with their slots. Pure.
import { parseAddress } from '../model/address.js';
import { labelOf, type ServiceInstance } from '../model/instance.js';
import type { ObservedServer } from '../model/server.js';
import type { Located } from '../plan/selection.js';
import type { FleetLook } from './look.js';
import type { CatalogView } from './views.js';

/** Everybody, and every server, that is of that name, at an address of it, or at an address of one of these. */
export function concerning({ catalogView, loadBalancers, ...look }: FleetLook, text: string): FleetLook {
  const at = addressIn(text);
  const [backendName, slotName] = text.split('/', 2);
  const isMeant = ({ node, id }: ServiceInstance, label: string): boolean =>
    id === text || label === text || `${node}/${id}` === text;
  const addresses = new Set<string>(at === undefined ? [] : [at]);
  const named = new Set<Located>();
  for (const all of catalogView?.view.located.values() ?? [])
    for (const one of all) {
      const isOne =
        isMeant(one.instance, one.label) || one.hostName === at || one.addresses?.includes(at ?? '');
      if (!isOne) continue;
      named.add(one);
      for (const address of one.addresses ?? []) addresses.add(address);
    }
  for (const { observed } of loadBalancers)
    for (const { slot, address } of observed?.backends.get(backendName ?? '') ?? [])
      if (slot === slotName && address !== null) addresses.add(address);
  const isThere = (one: Located): boolean =>
    named.has(one) || (one.addresses ?? []).some((address) => addresses.has(address));
  const holds = ({ address }: ObservedServer): boolean => address !== null && addresses.has(address);
  const isOwn = (one: ServiceInstance): boolean =>
    isMeant(one, text.includes('"') ? labelOf(one) : '') ||
    one.address === text ||
    `${one.address}:${one.port}` === text;
  return {
    ...look,
    ...(catalogView ? { catalogView: narrowed(catalogView, isThere, isOwn) } : {}),
    loadBalancers: loadBalancers.map(({ observed, ...balancer }) => ({
      ...balancer,
      ...(observed ? { observed: { ...observed, backends: filtered(observed.backends, holds) } } : {}),
    })),
  };
}

/** `isOwn`: of those whose address or port cannot be used, who are not located. */
function narrowed(
  { view, catalog, ...catalogView }: CatalogView,
  isThere: (one: Located) => boolean,
  isOwn: (one: ServiceInstance) => boolean,
): CatalogView {
  const services = catalog.services.map((service) => ({
    ...service,
    instances: service.instances.filter(isOwn),
  }));
  return {
    ...catalogView,
    catalog: { ...catalog, services },
    view: { ...view, located: filtered(view.located, isThere) },
  };
}

/** Canonical; undefined: it has none in it. */
function addressIn(text: string): string | undefined {
  const [, host] = /^(\[[^\]]+\]|[^:]+):\d+$/.exec(text) ?? [];
  return parseAddress(host ?? text)?.text;
}

const filtered = <T>(lists: ReadonlyMap<string, readonly T[]>, keep: (one: T) => boolean): Map<string, T[]> =>
  new Map([...lists].map(([name, list]) => [name, list.filter(keep)]));
