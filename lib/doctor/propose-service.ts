// Which Consul service a backend serves: by who is at its servers' addresses, else by its name. Pure.
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import { type Health, healthiestFirst, labelOf, type ServiceInstance } from '../model/instance.js';
import { isServiceName } from '../model/service-name.js';
import type { NoCatalog, OwnBackend, OwnCatalog, OwnServer } from './own.js';
import { placeOf } from './propose-ranges.js';

export interface ProposedService {
  readonly service: string;
  /** `name`: the backend's, which Consul has, too; `guess`: which it does not have, or could not be asked for. */
  readonly by: 'addresses' | 'name' | 'guess';
  /** By `address:port`, and by `name:port`: who of the service is there. */
  readonly there: There;
}

/** The healthiest at an address, as a run would serve it. */
export interface Instance {
  readonly label: string;
  readonly health: Health;
}

type There = ReadonlyMap<string, Instance>;

/** Who is at the addresses says more than any name. */
export function proposeService(
  { name, servers }: OwnBackend,
  catalog: OwnCatalog | NoCatalog,
): ProposedService {
  const services = 'failure' in catalog ? new Map<string, readonly ServiceInstance[]>() : catalog.services;
  const usable = [...services].filter(([service]) => isServiceName(service));
  const scored = usable.map(([service, instances]) => {
    const there = placesOf(instances);
    const score = servers.filter((server) => instanceAt(server, there) !== undefined).length;
    return { service, there, score, named: nameRank(name, service) };
  });
  const [best] = scored
    .filter(({ score, named }) => score > 0 || named > 0)
    .sort((a, b) => b.score - a.score || b.named - a.named || (a.service < b.service ? -1 : 1));
  if (best) return { service: best.service, there: best.there, by: best.score > 0 ? 'addresses' : 'name' };
  const guess = bareName(name);
  return { service: isServiceName(guess) ? guess : name, by: 'guess', there: new Map() };
}

/** Who of a service is where a server is. */
export function instanceAt(server: OwnServer, there: There): Instance | undefined {
  const place = placeOf(server);
  const named =
    server.hostName === null ? undefined : printHostPort(server.hostName.toLowerCase(), server.port);
  return (
    (place === undefined ? undefined : there.get(place)) ??
    (named === undefined ? undefined : there.get(named))
  );
}

/** Whether a service may be that of a backend by its name alone. */
export const isNamedAs = (backend: string, service: string): boolean => nameRank(backend, service) > 0;

function nameRank(backend: string, service: string): number {
  if (service === backend) return 2;
  return bareName(service) === bareName(backend) ? 1 : 0;
}

/** Without what people put before and after it: `be_web`, `web-backend`. */
const bareName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^(?:bk|be|back|backend)[_.-]/, '')
    .replace(/[_.-](?:bk|be|back|backend|servers|pool|cluster)$/, '');

function placesOf(instances: readonly ServiceInstance[]): There {
  const there = new Map<string, Instance>();
  for (const instance of [...instances].sort(healthiestFirst)) {
    const address = parseAddress(instance.address);
    const port = parsePort(instance.port);
    const place = address && port ? printHostPort(address.text, port) : undefined;
    if (place !== undefined && !there.has(place))
      there.set(place, { label: labelOf(instance), health: instance.health });
  }
  return there;
}
