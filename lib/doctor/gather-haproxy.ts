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
import { observe } from '../haproxy/read.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import type { RuntimeConnection } from '../model/ports.js';
import type { DoctorPorts } from './deps.js';
import type { BackendFacts, HAProxyFacts, LoadBalancerFacts } from './facts.js';

export async function gatherHAProxy(ports: DoctorPorts, address: SocketAddress): Promise<LoadBalancerFacts> {
  const name = printAdminAddress(address);
  try {
    const connection = await ports.connect(address, ports.settings.config.loadBalancerTimeoutMs);
    try {
      return { address, name, found: await question(ports, address, connection) };
    } finally {
      await connection.close();
    }
  } catch (error) {
    return { address, name, found: { error: messageOf(error) } };
  }
}

async function question(
  { settings, isPrompted }: DoctorPorts,
  address: SocketAddress,
  connection: RuntimeConnection,
): Promise<HAProxyFacts> {
  // While we hold the socket: with `maxconn 1` a second client hears nothing.
  const prompted = await isPrompted(address);
  const { process } = await observe(connection, []);
  const [level = '', sockets = ''] = await connection.send([SHOW_LEVEL, SHOW_SOCKETS]);
  const backends = new Map<string, BackendFacts | { readonly error: string }>();
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
): Promise<BackendFacts | { readonly error: string }> {
  try {
    const servers = (await observe(connection, [backend])).backends.get(backend) ?? [];
    const [first] = servers;
    const [states = '', refusal = ''] = await connection.send([
      showServersState(backend),
      ...(first ? [balanceProbe({ backend, slot: first.slot })] : []),
    ]);
    return { servers, declared: parseDeclared(states), balance: parseBalance(refusal) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
