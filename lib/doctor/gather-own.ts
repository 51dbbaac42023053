// Reads a HAProxy through any of its sockets, and who is in Consul; changes nothing.
import type { ConsulClient } from '../consul/client.js';
import type { Endpoint } from '../consul/endpoint.js';
import { parseRows } from '../consul/rows.js';
import type { TokenSource } from '../consul/token.js';
import { showServersState } from '../haproxy/commands.js';
import { PLAIN_ANSWERS, parseLevel, parseSockets, SHOW_LEVEL, SHOW_SOCKETS } from '../haproxy/probes.js';
import { type ListedProxy, parseDeclared, parseProxies, SHOW_PROXIES } from '../haproxy/proxies.js';
import { readHAProxy, readWhatIsThere } from '../haproxy/read.js';
import type { SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { ServiceInstance } from '../model/instance.js';
import type { RuntimeConnection } from '../model/runtime.js';
import { mapBounded } from '../run/map-bounded.js';
import type { DoctorDeps } from './deps.js';
import type { NoCatalog, OwnBackend, OwnCatalog, OwnHAProxy } from './own.js';

/** Longest time for all of it, in milliseconds. */
const BUDGET_MS = 30_000;
/** What LB_CONFIG takes for the name of a backend. */
const BACKEND = /^[A-Za-z0-9_.:-]{1,64}$/;

/** Throws HAProxyError where it cannot be read. */
export async function gatherOwn(
  { connect, isPrompted }: Pick<DoctorDeps, 'connect' | 'isPrompted'>,
  address: SocketAddress,
): Promise<OwnHAProxy> {
  const connection = await connect(address, BUDGET_MS);
  try {
    // While we hold the socket: with `maxconn 1` a second client hears nothing.
    const prompted = await isPrompted(address);
    await connection.send([PLAIN_ANSWERS]);
    const { process } = await readHAProxy(connection, []);
    const [level = '', sockets = '', proxyList = ''] = await connection.send([
      SHOW_LEVEL,
      SHOW_SOCKETS,
      SHOW_PROXIES,
    ]);
    const proxies = parseProxies(proxyList).filter(({ kind }) => kind === 'backend');
    return {
      address,
      version: process.version,
      level: parseLevel(level),
      exclusive: prompted === undefined ? undefined : !prompted,
      sockets: parseSockets(sockets),
      ...(await backendsOf(connection, proxies)),
    };
  } finally {
    await connection.close();
  }
}

async function backendsOf(
  connection: RuntimeConnection,
  proxies: readonly ListedProxy[],
): Promise<Pick<OwnHAProxy, 'backends' | 'skipped'>> {
  const backends: OwnBackend[] = [];
  const skipped: { backend: string; why: string }[] = [];
  for (const { name } of proxies) {
    if (!BACKEND.test(name)) {
      skipped.push({ backend: name, why: 'its name is none that LB_CONFIG takes' });
      continue;
    }
    const [states = ''] = await connection.send([showServersState(name)]);
    const declared = parseDeclared(states, '');
    if (declared.size === 0) continue;
    const { backends: read, failures } = await readWhatIsThere(connection, [name]);
    const servers = read.get(name);
    if (!servers)
      skipped.push({ backend: name, why: failures?.has(name) ? 'it cannot be read' : 'it is gone' });
    else
      backends.push({
        name,
        servers: servers.map((server) => ({
          ...server,
          hostName: declared.get(server.slot)?.hostName ?? null,
        })),
      });
  }
  return { backends, skipped };
}

/** Services that are read, at most, and how many at a time. */
const MAX_SERVICES = 200;
const SERVICES_AT_ONCE = 8;

/** Everybody in Consul, of as many services as can be asked for; those of the backends' names first. */
export async function gatherCatalog(
  {
    endpoints,
    token,
    client,
    consulTimeoutMs,
  }: {
    readonly endpoints: readonly Endpoint[];
    readonly token: TokenSource;
    readonly client: ConsulClient;
    readonly consulTimeoutMs: number;
  },
  isFirst: (service: string) => boolean,
): Promise<OwnCatalog | NoCatalog> {
  try {
    const names = await serviceNames(endpoints, await token.get(), consulTimeoutMs);
    const ordered = [...names.filter(isFirst), ...names.filter((name) => !isFirst(name))];
    const asked = ordered.slice(0, MAX_SERVICES);
    const read = await mapBounded(
      asked,
      SERVICES_AT_ONCE,
      async (service): Promise<readonly [string, readonly ServiceInstance[]]> => {
        const { rows } = await client.readService(service);
        return [service, parseRows(service, rows).instances];
      },
    );
    return { services: new Map(read), unread: ordered.length - asked.length };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

/** As the first address that answers has them. */
async function serviceNames(
  endpoints: readonly Endpoint[],
  secret: string | undefined,
  timeoutMs: number,
): Promise<string[]> {
  let failure: unknown;
  for (const endpoint of endpoints) {
    try {
      const { body } = await endpoint.listServices(secret, timeoutMs);
      const isMap = typeof body === 'object' && body !== null && !Array.isArray(body);
      return isMap ? Object.keys(body).filter((name) => name !== 'consul') : [];
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
