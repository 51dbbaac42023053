// Asks each HAProxy how it is set up, in one connection; nothing is changed.
import { showServersState } from '../haproxy/commands.js';
import {
  balanceProbe,
  parseBalance,
  parseDeclared,
  parseSockets,
  SHOW_LEVEL,
  SHOW_SOCKETS,
} from '../haproxy/probes.js';
import { readHAProxy } from '../haproxy/read.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { detailOf } from '../model/errors.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { DoctorDeps } from './deps.js';
import type { BackendFacts, Failed, HAProxyFacts, LoadBalancerFacts } from './facts.js';

export async function gatherHAProxy(deps: DoctorDeps, address: SocketAddress): Promise<LoadBalancerFacts> {
  const name = printAdminAddress(address);
  try {
    const connection = await deps.connect(address, deps.settings.config.loadBalancerTimeoutMs);
    try {
      return { address, name, found: await question(deps, address, connection) };
    } finally {
      await connection.close();
    }
  } catch (error) {
    return { address, name, found: { failure: detailOf(error) } };
  }
}

async function question(
  { settings, isPrompted }: DoctorDeps,
  address: SocketAddress,
  connection: RuntimeConnection,
): Promise<HAProxyFacts> {
  // While we hold the socket: with `maxconn 1` a second client hears nothing.
  const prompted = await isPrompted(address);
  const { process } = await readHAProxy(connection, []);
  const [level = '', sockets = ''] = await connection.send([SHOW_LEVEL, SHOW_SOCKETS]);
  const backends = new Map<string, BackendFacts | Failed>();
  for (const { backend } of settings.config.pools) {
    backends.set(backend, await questionBackend(connection, backend));
  }
  return {
    process,
    level: level.trim(),
    sockets: parseSockets(sockets),
    exclusive: prompted === undefined ? undefined : !prompted,
    backends,
  };
}

async function questionBackend(
  connection: RuntimeConnection,
  backend: string,
): Promise<BackendFacts | Failed> {
  try {
    const servers = (await readHAProxy(connection, [backend])).backends.get(backend) ?? [];
    const [first] = servers;
    const [states = '', refusal = ''] = await connection.send([
      showServersState(backend),
      ...(first ? [balanceProbe({ backend, slot: first.slot })] : []),
    ]);
    return { servers, declared: parseDeclared(states), balance: parseBalance(refusal) };
  } catch (error) {
    return { failure: detailOf(error) };
  }
}
