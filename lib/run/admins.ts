// Where the load balancers and their admin sockets are, so that nobody is served there.
import { networkInterfaces } from 'node:os';
import { parseIp } from '../model/address.js';
import type { SocketAddress } from '../model/admin-address.js';
import { type IpPort, isClosedEverywhere, type NetworkRule } from '../model/networks.js';
import type { Resolve } from '../model/resolve.js';
import type { LocatedCatalog } from '../plan/view.js';

type TcpAddress = Exclude<SocketAddress, { readonly kind: 'unix' }>;

/** No port of anybody's: the address alone is a load balancer's. */
const NO_PORT = 0;

/** The addresses of this host, where one of the load balancers is on it: it is reached by a path. */
export function ownAddresses(
  admins: readonly SocketAddress[],
  interfacesOf: () => ReturnType<typeof networkInterfaces> = networkInterfaces,
): IpPort[] {
  if (!admins.some(({ kind }) => kind === 'unix')) return [];
  return Object.values(interfacesOf()).flatMap((own = []) =>
    own.flatMap(({ address }) => {
      const ip = parseIp(address);
      return ip ? [{ ip: ip.text, port: NO_PORT }] : [];
    }),
  );
}

/** Those that somebody could be registered at: names are looked up only where the port is one of an instance. */
export function adminsAmong(
  config: Pick<NetworkRule, 'listeners'>,
  catalog: LocatedCatalog,
  admins: readonly SocketAddress[],
): TcpAddress[] {
  const ports = portsIn(catalog);
  const anyOfThem = isAnyClosed(config, catalog);
  return admins.flatMap((admin) =>
    admin.kind !== 'unix' && (anyOfThem || ports.has(admin.port)) ? [admin] : [],
  );
}

/** Whether the port of some instance is closed wherever a load balancer is. */
export function isAnyClosed(config: Pick<NetworkRule, 'listeners'>, catalog: LocatedCatalog): boolean {
  return [...portsIn(catalog)].some((port) => isClosedEverywhere(config, port));
}

function portsIn({ services }: LocatedCatalog): Set<number> {
  const ports = new Set<number>();
  for (const located of services.values()) for (const { port } of located) ports.add(port);
  return ports;
}

/** One that cannot be found cannot be served, either: its connection says why. */
export async function findAdmins(resolve: Resolve, admins: readonly TcpAddress[]): Promise<IpPort[]> {
  const found = await Promise.all(
    admins.map(async ({ host, port }) => {
      const isIp = parseIp(host) !== undefined;
      const ips = isIp ? [host] : await resolve(host).catch(() => []);
      return ips.map((ip) => ({ ip, port }));
    }),
  );
  return found.flat();
}
