// What every load balancer holds, slot by slot, with who is there and where the fleet differs.
import { readHAProxy } from '../haproxy/read.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import { type Problem, sentenceOf } from '../model/problem.js';
import { isServing, type Observed } from '../model/server.js';
import type { LoadBalancerStatus, PoolStatus, SlotStatus, Status } from '../model/status.js';
import { plainText } from '../model/text.js';
import { agentWordOn } from '../plan/agent-word.js';
import { placementOf } from '../plan/placement-of.js';
import { differencesOf } from './differences.js';
import { findLoadBalancers } from './find-load-balancers.js';
import { mapBounded } from './map-bounded.js';
import type { ReconcileDeps } from './reconcile.js';
import { errorOf, type Runner } from './runner.js';
import { type CatalogView, instancesIn, readCatalog, versionOf } from './views.js';

type Pool = ReconcileDeps['config']['pools'][number];

/** Finds the load balancers, and reads each and Consul; writes nothing. Throws what finding them throws. */
export async function readFleet({ client, deps, settings }: Runner): Promise<Status> {
  const { addresses, problems } = await findLoadBalancers(
    client,
    settings.haproxy.addresses,
    settings.haproxy.tls.cert !== undefined,
  );
  const status = await readStatus(deps, addresses);
  const errors = [errorOf(problems), status.consul.error].filter((error) => error !== undefined);
  return errors.length === 0 ? status : { ...status, consul: { ...status.consul, error: errors.join('; ') } };
}

/** Reads Consul and these load balancers. What fails is in its place in the result. */
export async function readStatus(deps: ReconcileDeps, addresses: readonly SocketAddress[]): Promise<Status> {
  const { config } = deps;
  const [read] = await Promise.allSettled([readTrusted({ ...deps, admins: addresses })]);
  const seen = read.status === 'fulfilled' ? read.value : undefined;
  const error = read.status === 'rejected' ? messageOf(read.reason) : distrustOf(read.value);
  const backends = config.pools.map(({ backend }) => backend);
  const loadBalancers = await mapBounded(
    addresses,
    config.concurrency,
    async (address): Promise<LoadBalancerStatus> => {
      try {
        const connection = await deps.connect(address, config.loadBalancerTimeoutMs);
        const observed = await readHAProxy(connection, backends).finally(() => connection.close());
        const { version, uptimeSeconds } = observed.process;
        const pools = config.pools.filter(({ backend }) => observed.backends.has(backend));
        const unread = unreadIn(observed);
        return {
          address: printAdminAddress(address),
          // HAProxy's own words, like the states below.
          version: plainText(version),
          uptimeSeconds,
          slots: pools.flatMap((pool) => slotsIn(pool, observed, seen)),
          pools: pools.map((pool) => poolIn(pool, observed, seen)),
          ...(unread === undefined ? {} : { error: unread }),
        };
      } catch (error) {
        return { address: printAdminAddress(address), slots: [], pools: [], error: messageOf(error) };
      }
    },
  );
  return {
    version: 1,
    consul: {
      index: seen ? versionOf(seen.catalog) : '0',
      instances: seen ? instancesIn(seen.catalog) : 0,
      names: Object.fromEntries(seen?.view.answers ?? []),
      ...(error === undefined ? {} : { error }),
    },
    loadBalancers,
    differences: differencesOf(loadBalancers),
  };
}

/** The catalog, and what the token may read of it: without rights Consul lists less, and does not say so. */
async function readTrusted(deps: Parameters<typeof readCatalog>[0]): Promise<CatalogView> {
  return (await readCatalog(deps)).look('rights');
}

/** Why the list cannot be believed to be whole; undefined: it can. Each reason once, with the services it is about. */
function distrustOf({ catalog }: CatalogView): string | undefined {
  const services = new Map<string, string[]>();
  for (const { service, absence } of catalog.services) {
    if (absence.believed !== 'no' || absence.fails !== 'always') continue;
    const sentence = sentenceOf(absence.why);
    services.set(sentence, [...(services.get(sentence) ?? []), service]);
  }
  if (services.size === 0) return undefined;
  const reasons = [...services].map(([sentence, names]) => `service ${names.join(', ')}: ${sentence}`);
  return `consul: ${reasons.join('; ')}`;
}

/** One HAProxy of which some backends could not be read. */
interface PartlyObserved extends Observed {
  readonly failures?: ReadonlyMap<string, Problem>;
}

/** Why backends that were asked for were not read; undefined: all were. */
function unreadIn({ failures }: PartlyObserved): string | undefined {
  if (!failures || failures.size === 0) return undefined;
  return [...new Set([...failures.values()].map(sentenceOf))].join('; ');
}

/** Places of a pool as they were read. */
function placesIn(pool: Pool, { backends }: Observed) {
  const groups = placementOf(pool).groupsOf(pool, backends.get(pool.backend) ?? []);
  return groups.flatMap(({ places }) => places);
}

function slotsIn(pool: Pool, observed: Observed, seen: CatalogView | undefined): SlotStatus[] {
  const { backend, service } = pool;
  const labels = seen?.view.labels.get(service);
  return placesIn(pool, observed)
    .filter(({ server, hostPort }) => hostPort !== undefined || server.state !== 'maintenance')
    .map(({ server, hostPort = '' }) => {
      const { slot, address, port, weight, maxconn, state, sessions } = server;
      const instance = labels?.get(hostPort) ?? null;
      const status = plainText(server.status);
      return { backend, slot, instance, address, port, weight, maxconn, state, sessions, status };
    });
}

function poolIn(pool: Pool, observed: Observed, seen: CatalogView | undefined): PoolStatus {
  const { backend, service } = pool;
  const places = placesIn(pool, observed);
  const ready = places.filter(({ server }) => server.state === 'ready').map(({ server }) => server);
  const serving = ready.filter(isServing).length;
  const isWanted = (seen?.view.selected.get(backend) ?? []).length > 0;
  const labels = seen?.view.labels.get(service);
  // Who is there is not known where Consul cannot be read.
  const idle =
    labels === undefined
      ? []
      : places.filter(
          // One that its agent-check drained is free.
          ({ server, hostPort = '' }) =>
            server.state === 'drain' && !labels.has(hostPort) && agentWordOn(server) !== 'drain',
        );
  return {
    backend,
    ready: ready.length,
    serving,
    // Servers that are no slots serve, too.
    unserved: !observed.backends.get(backend)?.some(isServing) && (ready.length > 0 || isWanted),
    heldForNobody: idle.map(({ server }) => server.slot),
  };
}
