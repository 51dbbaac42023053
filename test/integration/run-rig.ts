// A real `iri-lb run` of the built bundle, as a process of its own, with a real Consul and HAProxy around it.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Consul, type ConsulOptions, startConsul } from '../../infra/local/consul.js';
import type { CatalogInstance } from '../../infra/local/consul-api.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Child, Harness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { waitFor } from '../../infra/local/wait-for.js';
import type { RunHealth } from '../../lib/model/run-health.js';

const PROGRAM = fileURLToPath(new URL('../../dist/iri-lb.mjs', import.meta.url));

export interface RunProcess {
  readonly url: string;
  readonly child: Child;
  health(): Promise<RunHealth>;
  /** A path's status and text. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Waits until its health is as `condition` says. */
  until(what: string, condition: (health: RunHealth) => boolean, timeoutMs?: number): Promise<RunHealth>;
  /** Its log, line by line. */
  lines(): readonly Readonly<Record<string, unknown>>[];
}

export interface RunOptions {
  readonly args?: readonly string[];
  /** 127.0.0.1 and a free port by default. */
  readonly listen?: string;
  /** Flags of Node. */
  readonly node?: readonly string[];
}

/** Starts it, and waits for nothing. */
export const spawnRun = (
  harness: Harness,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  node: readonly string[] = [],
): Promise<Child> => harness.spawn('run', process.execPath, [...node, PROGRAM, 'run', ...args], { env });

/** Starts it with the environment `env`, and waits until its first run has ended. */
export async function startRun(
  harness: Harness,
  env: Readonly<Record<string, string>>,
  { args = [], listen, node = [] }: RunOptions = {},
): Promise<RunProcess> {
  const at = listen ?? `127.0.0.1:${await harness.freePort()}`;
  const pauseFile = ['--pause-file', `${harness.dir}/paused`];
  const child = await spawnRun(harness, env, ['--listen', at, ...pauseFile, ...args], node);
  const url = `http://${at}`;
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const health = async () => JSON.parse((await get('/health')).text) as RunHealth;
  const run: RunProcess = {
    url,
    child,
    health,
    get,
    until: (what, condition, timeoutMs = 15_000) =>
      child.until(
        async () => {
          const now = await health();
          return condition(now) ? now : undefined;
        },
        { what, timeoutMs },
      ),
    lines: () =>
      child
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
  await run.until('the first run', ({ runs }) => runs > 0);
  return run;
}

/** Resident memory of a process, in MB. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Processor time of a process so far, in milliseconds. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in ticks of 10 ms (proc(5); sysconf(_SC_CLK_TCK) is 100 everywhere).
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export interface Surroundings {
  readonly consul: Consul;
  readonly haproxy: HAProxy;
  /** Of the frontend. */
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Addresses that are ready in the backend `web`, sorted. */
  ready(): Promise<readonly string[]>;
  /** Waits until these are. */
  untilReady(addresses: readonly string[]): Promise<void>;
}

const SLOTS = 20;

/** LB_CONFIG of one's own service `web`. */
export const webConfig = (pool: object = {}): string =>
  JSON.stringify({
    pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web' }], ...pool }],
    networks: LOCAL_NETWORKS,
    haproxy: { iri: false },
  });

/** Starts a Consul, and a HAProxy with slots for service `web`. */
export async function startSurroundings(
  harness: Harness,
  consulOptions: ConsulOptions = { acls: false },
): Promise<Surroundings> {
  const [port, adminPort] = [await harness.freePort(), await harness.freePort()];
  const config = minimalConfig({
    adminPort,
    backends: [{ name: 'web', ranges: [{ prefix: 'web', slots: SLOTS }], port }],
  });
  const [consul, haproxy] = await Promise.all([
    startConsul(harness, consulOptions),
    startHAProxy(harness, { config, adminPort, master: true }),
  ]);
  const ready = async (): Promise<readonly string[]> => {
    const rows = (await haproxy.query('show servers state web')).split('\n').map((row) => row.split(' '));
    // Address, then the administrative state: 0, or 4 where the configuration says `disabled`; and the port.
    return rows
      .filter((row) => row[1] === 'web' && row[5] === '2' && ['0', '4'].includes(row[6] ?? ''))
      .map((row) => `${row[4]}:${row[18]}`)
      .sort();
  };
  return {
    consul,
    haproxy,
    port,
    env: {
      CONSUL_HTTP_ADDR: consul.url,
      CONSUL_HTTP_TOKEN: consul.token,
      HAPROXY_ADDRESSES: haproxy.admin,
      LB_CONFIG: webConfig(),
    },
    ready,
    untilReady: async (addresses) => {
      const wanted = [...addresses].sort().join();
      await waitFor(async () => (await ready()).join() === wanted, {
        what: `${wanted} to be ready`,
        everyMs: 5,
      });
    },
  };
}

/** Rows of service `web`, by the last number of their address. */
export const webRow = (at: number, more: Partial<CatalogInstance> = {}): CatalogInstance => ({
  node: `node-${at}`,
  service: 'web',
  id: 'web',
  address: `10.0.0.${at}`,
  port: 80,
  ...more,
});
