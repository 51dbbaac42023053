// Starts a real Consul on loopback: ACLs on, default deny, everything it keeps in the harness's folder.
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConsulApi, consulApi } from './consul-api.js';
import type { Child, Harness } from './harness.js';
import { consulBin } from './programs.js';
import { noteSecret } from './secrets.js';

export interface ConsulOptions {
  /** Wanted ports; taken ones are replaced by free ones. */
  readonly ports?: { readonly http?: number; readonly dns?: number };
  /** Agent configuration on top of ours (`watches`, …), as in a file of its configuration folder. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Who may register `args` checks: the agent's own files only, or its API too. Nobody by default. */
  readonly scriptChecks?: 'files' | 'api';
  /** Keeps its state over stop() and restart(): a server with a data folder, not `-dev`. */
  readonly persistent?: boolean;
  /** Off: no ACLs at all. On by default, and anonymous requests read nothing. */
  readonly acls?: boolean;
  /** For a cluster: how many servers elect a leader, whom to join, the token they share, the node's name. */
  readonly cluster?: {
    readonly size: number;
    readonly join: readonly number[];
    readonly token: string;
    readonly name: string;
  };
  /** Do not wait for a leader: the first servers of a cluster have none yet. */
  readonly leaderless?: boolean;
  readonly bin?: string;
}

export interface Consul extends ConsulApi {
  readonly url: string;
  /** Management token, made for this start. Empty with ACLs off. */
  readonly token: string;
  readonly nodeName: string;
  readonly serfPort: number;
  readonly child: Child;
  /**
   * Adds a file to its configuration and has it read (`consul reload`). With `-dev`, Consul forgets what
   * was registered with this agent before: nothing of it is on disk.
   */
  reconfigure(config: Readonly<Record<string, unknown>>): Promise<void>;
  /** SIGTERM, or SIGKILL at once. What `-dev` knew is lost, `persistent` keeps it. */
  stop(kill?: boolean): Promise<void>;
  /** Starts it again on the same ports, and waits until it has a leader. */
  restart(): Promise<void>;
}

/** Starts Consul and waits until it has a leader and answers. Throws with its own last lines. */
export async function startConsul(harness: Harness, options: ConsulOptions = {}): Promise<Consul> {
  const name = options.cluster?.name ?? 'consul';
  const token = options.acls === false ? '' : (options.cluster?.token ?? randomUUID());
  noteSecret(token);
  const ports = {
    http: await harness.freePort(options.ports?.http),
    dns: await harness.freePort(options.ports?.dns),
    server: await harness.freePort(),
    serf_lan: await harness.freePort(),
    serf_wan: await harness.freePort(),
    grpc: -1,
  };
  const folder = join(harness.dir, `${name}-${ports.http}`);
  const configDir = join(folder, 'config');
  mkdirSync(configDir, { recursive: true });
  const write = (file: string, config: object): void =>
    writeFileSync(join(configDir, file), JSON.stringify(config), { mode: 0o600 });
  write('10-local.json', {
    node_name: options.cluster?.name ?? 'local',
    bind_addr: '127.0.0.1',
    client_addr: '127.0.0.1',
    ports,
    log_level: 'warn',
    disable_update_check: true,
    ui: true,
    enable_local_script_checks: options.scriptChecks === 'files',
    enable_script_checks: options.scriptChecks === 'api',
    performance: { raft_multiplier: 1 },
    ...(token === ''
      ? {}
      : {
          acl: { enabled: true, default_policy: 'deny', tokens: { master: token, agent: token } },
        }),
    ...serverSettings(options, join(folder, 'data')),
  });
  if (options.config) write('20-extra.json', options.config);

  const url = `http://127.0.0.1:${ports.http}`;
  const api = consulApi(() => url, token);
  const bin = options.bin ?? consulBin();
  const dev = options.persistent || options.cluster ? [] : ['-dev'];
  const start = async (leaderless = false): Promise<Child> => {
    const child = await harness.spawn(name, bin, ['agent', ...dev, `-config-dir=${configDir}`], {
      // What the user has set for other clusters is not ours.
      env: { CONSUL_HTTP_ADDR: undefined, CONSUL_HTTP_TOKEN: undefined, CONSUL_NAMESPACE: undefined },
    });
    if (leaderless) return child;
    // A catalog with a node in it: the leader is elected, the token is known, writes go through.
    await child.until(
      async () => Array.isArray(await api.request('GET', '/v1/catalog/nodes')) && (await hasNodes(api)),
      { what: `Consul at ${url} to have a leader` },
    );
    return child;
  };
  let child = await start(options.leaderless);
  let files = 20;

  return {
    ...api,
    url,
    token,
    nodeName: options.cluster?.name ?? 'local',
    serfPort: ports.serf_lan,
    get child() {
      return child;
    },
    reconfigure: async (config) => {
      write(`${++files}-extra.json`, config);
      await api.request('PUT', '/v1/agent/reload');
    },
    stop: (kill = false) => child.stop(kill ? 0 : undefined),
    restart: async () => {
      await child.stop();
      child = await start();
    },
  };
}

async function hasNodes(api: ConsulApi): Promise<boolean> {
  const nodes = await api.request('GET', '/v1/catalog/nodes?consistent');
  return Array.isArray(nodes) && nodes.length > 0;
}

function serverSettings({ persistent, cluster }: ConsulOptions, dataDir: string): object {
  if (!persistent && !cluster) return {};
  return {
    server: true,
    data_dir: dataDir,
    bootstrap_expect: cluster?.size ?? 1,
    ...(cluster ? { retry_join: cluster.join.map((port) => `127.0.0.1:${port}`), retry_interval: '1s' } : {}),
  };
}

/** Three servers with one leader, each of which can be stopped, killed and restarted. */
export async function startConsulCluster(
  harness: Harness,
  options: Omit<ConsulOptions, 'cluster' | 'leaderless'> = {},
): Promise<readonly Consul[]> {
  const token = randomUUID();
  const servers: Consul[] = [];
  for (const [index, name] of ['server-1', 'server-2', 'server-3'].entries()) {
    const join = servers.map((server) => server.serfPort);
    servers.push(
      await startConsul(harness, {
        ...options,
        leaderless: true,
        cluster: { size: 3, join, token, name },
        ports: index === 0 ? (options.ports ?? {}) : {},
      }),
    );
  }
  for (const server of servers) {
    await server.child.until(
      async () => {
        const nodes = await server.request('GET', '/v1/catalog/nodes?consistent');
        return Array.isArray(nodes) && nodes.length === 3;
      },
      { what: `three servers in the catalog of ${server.url}`, timeoutMs: 30_000 },
    );
  }
  return servers;
}

/** The server that is leader, asked of one that runs. */
export async function leaderOf(servers: readonly Consul[]): Promise<Consul> {
  const asked = servers.find((server) => server.child.running);
  if (!asked) throw new Error('no Consul server is running');
  const peers = await asked.request('GET', '/v1/operator/raft/configuration');
  const list = typeof peers === 'object' && peers !== null && 'Servers' in peers ? peers.Servers : [];
  const leader = Array.isArray(list) ? list.find((peer) => peer.Leader === true) : undefined;
  const found = servers.find((server) => server.nodeName === leader?.Node);
  if (!found) throw new Error('Consul has no leader');
  return found;
}
