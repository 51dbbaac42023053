// Runs plan, apply, drain and maint in this process, as somebody at a terminal does, against real load balancers.
import type { Command } from 'commander';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { type MinimalOptions, minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import type { Terminal } from '../../lib/cli/output.js';
import { makeProgram } from '../../lib/cli/program.js';
import { readSettings } from '../../lib/config/environment.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import type { Ran } from './command-line.js';

/** One pool, `web`, of plain servers `s1`, `s2`, …. */
const WEB = {
  pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 's', transport: 'plain', slots: 4 }] }],
  networks: LOCAL_NETWORKS,
};

export interface Person {
  /** What they answer; absent: nobody is there. */
  readonly answers?: (question: string) => Promise<boolean> | boolean;
  /** Of their screen; absent: output goes into a pipe. */
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Sees each line of stderr as it comes. */
  readonly onErr?: (line: string) => void;
}

export interface Fleet {
  readonly harness: Harness;
  readonly consul: Consul;
  readonly haproxies: readonly HAProxy[];
  /** Where each answers requests, in their order. */
  readonly fronts: readonly string[];
  /** Sockets of level user, in their order. */
  readonly readers: readonly string[];
  /** As printed. */
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly runner: Runner;
  /** Runs a command line, split at blanks. */
  run(line: string, person?: Person): Promise<Ran>;
  /** `web/s1 10.0.0.1:80 ready`, of every slot with an address, sorted. */
  slots(at?: number): Promise<string[]>;
}

/** Consul, and as many load balancers as `count`, which are ordered by their names. */
export async function startFleet(count: number, options: Partial<MinimalOptions> = {}): Promise<Fleet> {
  const harness = await startHarness();
  try {
    const ports: number[] = [];
    for (let one = 0; one < count; one += 1) ports.push(await harness.freePort());
    ports.sort((a, b) => (`${a}` < `${b}` ? -1 : 1));
    const fronts: number[] = [];
    const readers: number[] = [];
    for (let one = 0; one < count; one += 1) {
      fronts.push(await harness.freePort());
      readers.push(await harness.freePort());
    }
    const [consul, ...haproxies] = await Promise.all([
      startConsul(harness, { acls: false }),
      ...ports.map((adminPort, at) => {
        const web = { name: 'web', ranges: [{ prefix: 's', slots: 4 }], port: fronts[at] ?? 0 };
        const reader = `stats socket 127.0.0.1:${readers[at]} level user`;
        return startHAProxy(harness, {
          config: minimalConfig({ backends: [web], adminPort, global: [reader], ...options }),
          adminPort,
        });
      }),
    ]);
    const env = {
      CONSUL_HTTP_ADDR: consul.url,
      HAPROXY_ADDRESSES: haproxies.map(({ admin }) => admin).join(','),
      LB_CONFIG: JSON.stringify(WEB),
    };
    return {
      ...{ harness, consul, haproxies, env },
      fronts: fronts.map((port) => `http://127.0.0.1:${port}/`),
      readers: readers.map((port) => `tcp://127.0.0.1:${port}`),
      names: haproxies.map(({ admin }) => admin),
      runner: makeRunner(readSettings(env)),
      run: (line, { env: more = {}, ...person } = {}) => runAs(line.split(' '), { ...env, ...more }, person),
      slots: (at = 0) => slotsOf(haproxies[at]),
    };
  } catch (error) {
    await harness.close();
    throw error;
  }
}

/** Registers these with the agent, healthy as told, at `10.0.0.NUMBER:80`. */
export async function register(
  consul: Consul,
  numbers: readonly number[],
  status: 'passing' | 'critical' = 'passing',
): Promise<void> {
  for (const number of numbers)
    await consul.register({
      Name: 'web',
      ID: `web-${number}`,
      Address: `10.0.0.${number}`,
      Port: 80,
      Check: { TTL: '1h', Status: status },
    });
}

async function slotsOf(haproxy: HAProxy | undefined): Promise<string[]> {
  const rows = ((await haproxy?.query('show servers state web')) ?? '').trim().split('\n').slice(2);
  return rows
    .map((row) => row.split(' '))
    .filter((fields) => fields[4] !== '0.0.0.0' && fields[4] !== '-')
    .map((fields) => {
      const bits = Number(fields[6]);
      const state = (bits & 0x23) !== 0 ? 'maint' : (bits & 0x18) !== 0 ? 'drain' : 'ready';
      return `${fields[4]}:${fields[18]} ${state}`;
    })
    .sort();
}

/** Takes an admin socket, as somebody with socat does, until it is closed. */
export function holdSocket(name: string): Promise<RuntimeConnection> {
  const { hostname: host, port } = new URL(name);
  const times = { connectTimeoutMs: 5_000, promptTimeoutMs: 5_000, answerTimeoutMs: 5_000 };
  return connectRuntime({ kind: 'tcp', host, port: Number(port) }, { ...times, totalTimeoutMs: 60_000 });
}

/** Ends a command as the end of its process would. */
class Ended extends Error {
  constructor(readonly status: number) {
    super(`ended with ${status}`);
  }
}

/** What a person at a terminal sees of one command. */
export async function runAs(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { answers, columns, onErr }: Person = {},
): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  let status = 0;
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    err: (line) => {
      err.push(line);
      onErr?.(line);
    },
    env,
    ...(columns === undefined ? {} : { screen: { columns, rows: 24 } }),
    exit: (code) => {
      status = code;
    },
  };
  const confirm = answers && (async (question: string) => answers(question));
  const program: Command = makeProgram(terminal, {
    bundles: '/nowhere',
    node: { nodeCheck: '/opt/node-check.mjs', confirm },
    end: (code) => {
      throw new Ended(code);
    },
    write: { writeOut: terminal.out, writeErr: terminal.err },
  });
  await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof Ended)) throw error;
    ({ status } = error);
  });
  return { status, out: out.join('\n'), err: err.join('\n') };
}
