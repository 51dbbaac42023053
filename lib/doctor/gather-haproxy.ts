// Asks each HAProxy how it is set up, in one connection; nothing is changed.
import { showServersState } from '../haproxy/commands.js';
import { isKind } from '../haproxy/errors.js';
import type { Identity } from '../haproxy/identity.js';
import {
  type Balance,
  balanceOf,
  balanceProbe,
  isProbeSilent,
  PLAIN_ANSWERS,
  parseBalance,
  parseLevel,
  parseResolvers,
  parseSockets,
  SHOW_LEVEL,
  SHOW_RESOLVERS,
  SHOW_SOCKETS,
} from '../haproxy/probes.js';
import {
  type Declared,
  type ListedProxy,
  parseDeclared,
  parseProxies,
  SHOW_PROXIES,
} from '../haproxy/proxies.js';
import { readHAProxy } from '../haproxy/read.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { detailOf } from '../model/errors.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { DoctorDeps } from './deps.js';
import type { BackendFacts, Failed, HAProxyFacts, LoadBalancerFacts } from './facts.js';

/** Reads of who answers: of two processes that share a port, one shows alone in one of 524,288. */
const IDENTITY_READS = 20;

/** `isLate`: it was silent, which may be because others were before us; asking again helps then. */
export interface Examined extends LoadBalancerFacts {
  readonly isLate: boolean;
}

export async function gatherHAProxy(deps: DoctorDeps, address: SocketAddress): Promise<Examined> {
  const name = printAdminAddress(address);
  const common = { address, name };
  try {
    const connection = await deps.connect(address, deps.settings.config.loadBalancerTimeoutMs);
    let found: Omit<HAProxyFacts, 'answeredBy'>;
    try {
      found = await question(deps, address, connection);
    } finally {
      await connection.close();
    }
    const answeredBy = await readIdentities(deps, address);
    return { ...common, found: { ...found, answeredBy }, isLate: false };
  } catch (error) {
    const isLate = isKind(error, 'no-prompt', 'connect') && /\bwithin\b/.test(error.detail);
    return { ...common, found: { failure: detailOf(error) }, isLate };
  }
}

async function readIdentities({ identify }: DoctorDeps, address: SocketAddress): Promise<Identity[]> {
  const reads: Identity[] = [];
  while (reads.length < IDENTITY_READS) {
    const read = await identify(address);
    if (!read) break;
    reads.push(read);
  }
  return reads;
}

async function question(
  { settings, isPrompted }: DoctorDeps,
  address: SocketAddress,
  connection: RuntimeConnection,
): Promise<Omit<HAProxyFacts, 'answeredBy'>> {
  // While we hold the socket: with `maxconn 1` a second client hears nothing.
  const prompted = await isPrompted(address);
  await connection.send([PLAIN_ANSWERS]);
  const { process } = await readHAProxy(connection, []);
  const [level = '', sockets = '', proxyList = '', resolvers = ''] = await connection.send([
    SHOW_LEVEL,
    SHOW_SOCKETS,
    SHOW_PROXIES,
    SHOW_RESOLVERS,
  ]);
  const proxies = parseProxies(proxyList);
  const backends = new Map<string, BackendFacts | Failed>();
  for (const { backend } of settings.config.pools) {
    const proxy = proxies.find(({ name, kind }) => name === backend && kind === 'backend');
    backends.set(backend, await questionBackend(connection, backend, proxy, process.version));
  }
  return {
    process,
    level: parseLevel(level),
    sockets: parseSockets(sockets),
    exclusive: prompted === undefined ? undefined : !prompted,
    proxies,
    resolvers: parseResolvers(resolvers),
    backends,
  };
}

async function questionBackend(
  connection: RuntimeConnection,
  backend: string,
  proxy: ListedProxy | undefined,
  version: string,
): Promise<BackendFacts | Failed> {
  try {
    const [states = '', stats = ''] = await connection.send([
      showServersState(backend),
      `show stat ${proxy?.id ?? 0} 4 -1`,
    ]);
    // What is disabled is listed as servers, and not as a proxy (2.6.12 to 3.4.7).
    if (!proxy && states.startsWith('1\n')) return { failure: DISABLED };
    const servers = (await readHAProxy(connection, [backend])).backends.get(backend) ?? [];
    const declared = parseDeclared(states, stats);
    const told = proxy ? balanceOf(proxy.algorithm) : 'unknown';
    const [first] = servers;
    const balance =
      told === 'hidden' && first && isProbeSilent(version)
        ? await probeBalance(connection, backend, first.slot)
        : shownBalance(told, declared);
    return { servers, declared, balance, proxy: proxy ?? UNKNOWN };
  } catch (error) {
    return { failure: detailOf(error) };
  }
}

const DISABLED = {
  detail: 'is disabled in the configuration, so that HAProxy sends it nothing and tells nothing of it',
  nextStep: 'take "disabled" out of the backend, or the pool out of LB_CONFIG',
};
const UNKNOWN: ListedProxy = { name: '', kind: 'backend', id: '', mode: '', algorithm: '' };

/** A server that has another weight than the configured one was given it: a static balance takes none. */
function shownBalance(told: Balance, declared: ReadonlyMap<string, Declared>): Balance {
  if (told !== 'hidden') return told;
  const isTaken = [...declared.values()].some(
    ({ weight, configuredWeight }) => weight !== 0 && weight !== configuredWeight,
  );
  return isTaken ? 'dynamic' : 'hidden';
}

async function probeBalance(connection: RuntimeConnection, backend: string, slot: string): Promise<Balance> {
  const [refusal = ''] = await connection.send([balanceProbe({ backend, slot })]);
  return parseBalance(refusal);
}

/** The balance of a backend that should have taken weights and did not: one that is static says so without an ALERT. */
export async function questionBalance(
  { connect, settings }: DoctorDeps,
  { address }: LoadBalancerFacts,
  backend: string,
  slot: string,
): Promise<Balance> {
  try {
    const connection = await connect(address, settings.config.loadBalancerTimeoutMs);
    try {
      return await probeBalance(connection, backend, slot);
    } finally {
      await connection.close();
    }
  } catch {
    return 'hidden';
  }
}
