// A fleet for the command line that is the same in every run: simulated HAProxies behind real sockets, and a Consul.
import http from 'node:http';
import net from 'node:net';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import type { Config } from '../../lib/config/pools.js';
import { haproxyFor, memoryCatalog, runOnce } from '../simulation/rig.js';
import type { SimulatedHAProxy, SimulatedServer } from '../simulation/simulated-haproxy.js';

export interface StandInFleet {
  /** In the order of their addresses, 127.0.0.2 and on. */
  readonly haproxies: readonly SimulatedHAProxy[];
  /** What Consul lists. */
  rows: readonly unknown[];
  /** Consul answers 500 from now on. */
  breakConsul(): void;
  /** The admin socket of one takes clients and says nothing: somebody else has it. */
  hold(at: number): void;
  /** Somebody's slot on one of them. */
  slotOf(
    at: number,
    backend: string,
    address: string,
  ): { readonly name: string; readonly server: SimulatedServer };
  readonly env: Readonly<Record<string, string>>;
  /** Of every admin socket. */
  readonly port: number;
  /** Connections that admin sockets took until now. */
  connections(): number;
  close(): Promise<void>;
}

export interface FleetOptions {
  readonly config: Config;
  /** As `LB_CONFIG` has it. */
  readonly lbConfig: string;
  readonly rows: readonly unknown[];
  /** How many HAProxies there are. */
  readonly count: number;
  /** Slots of each range. */
  readonly slots: number;
  /** Further addresses, at which nobody listens. */
  readonly missing?: number;
  readonly port: number;
}

/** What `show stat` tells beside what the simulation has: since when, and the check's last word. */
const SINCE = 4 * 60 + 7;
const UPTIME = 3 * 3600;

/** Starts them, each with everybody served as a run leaves it. */
export async function startStandInFleet(options: FleetOptions): Promise<StandInFleet> {
  const { config, count, slots, missing = 0, port } = options;
  const haproxies: SimulatedHAProxy[] = [];
  const held = new Set<number>();
  const servers: net.Server[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  let isBroken = false;
  for (let at = 0; at < count; at += 1) {
    const haproxy = haproxyFor(config, slots);
    await runOnce({ config, haproxy, catalog: memoryCatalog(options.rows) });
    haproxy.settle();
    haproxies.push(haproxy);
    const server = net.createServer((socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      if (!held.has(at)) speak(socket, haproxy);
    });
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, addressOf(at), resolve);
    });
  }
  const fleet = { rows: options.rows };
  const consul = http.createServer((request, response) => {
    response.writeHead(isBroken ? 500 : 200, {
      ...{ 'Content-Type': 'application/json', 'X-Consul-Index': '7', 'X-Consul-KnownLeader': 'true' },
    });
    const rights = config.pools.flatMap(() => [{ Allow: true }, { Allow: true }]);
    response.end(JSON.stringify(request.url?.includes('authorize') ? rights : fleet.rows));
  });
  const url = await listenOnLoopback(consul, 0);
  const admins = Array.from({ length: count + missing }, (_, at) => `tcp://${addressOf(at)}:${port}`);
  return Object.assign(fleet, {
    haproxies,
    port,
    env: { CONSUL_HTTP_ADDR: url, HAPROXY_ADDRESSES: admins.join(','), LB_CONFIG: options.lbConfig },
    connections: () => connections,
    breakConsul: () => {
      isBroken = true;
    },
    hold: (at: number) => void held.add(at),
    slotOf: (at: number, backend: string, address: string) => {
      const found = [...(haproxies[at]?.backends.get(backend) ?? [])].find(
        ([, one]) => one.address === address,
      );
      if (!found) throw new Error(`nobody at ${address} in ${backend} of ${at}`);
      return { name: found[0], server: found[1] };
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        closeServer(consul),
        ...servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
      ]);
    },
  });
}

/** Addresses of loopback, so that all have one port, as load balancers do. */
const addressOf = (at: number): string => `127.0.0.${at + 2}`;

/** Each line is answered by its output and a prompt. */
function speak(socket: net.Socket, haproxy: SimulatedHAProxy): void {
  let rest = '';
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) socket.write(`${answer(haproxy, line)}\n> `);
  });
}

function answer(haproxy: SimulatedHAProxy, line: string): string {
  if (!line.startsWith('show') && !/^set (?:server|maxconn)/.test(line)) return '';
  const text = haproxy.execute(line);
  if (line === 'show info') return text.replace('Uptime_sec: 60', `Uptime_sec: ${UPTIME}`);
  return line.startsWith('show stat') ? withDetails(text) : text;
}

/** With the columns of a check: who is DOWN was refused. */
function withDetails(text: string): string {
  const [head = '', ...rows] = text.split('\n');
  const told = rows.map((row) => {
    const check = row.includes(',DOWN,') ? 'L4CON,Connection refused' : 'L4OK,';
    return `${row}${SINCE},${check},`;
  });
  return [`${head}lastchg,check_status,last_chk,`, ...told].join('\n');
}
