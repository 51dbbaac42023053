// Runs the real reconcile loop against simulated HAProxies and a catalog held in memory.
import * as v from 'valibot';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { type Config, configSchema } from '../../lib/config/pools.js';
import type { MayRead, ServiceAnswer } from '../../lib/consul/answers.js';
import { makeSource, type SourceClient } from '../../lib/consul/source.js';
import { iriLayout } from '../../lib/iri/layout.js';
import type { DeadlineClock } from '../../lib/model/clock.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';
import type { Resolve } from '../../lib/model/resolve.js';
import type { AtLeast } from '../../lib/model/source.js';
import { reconcile } from '../../lib/run/reconcile.js';
import { SimulatedHAProxy } from './simulated-haproxy.js';

/** A clock whose sleeps end at once and move it on. */
export function instantClock(): DeadlineClock {
  let now = 1_000_000;
  return {
    wallMs: () => now,
    monotonicMs: () => now,
    sleep: async (ms) => {
      now += ms;
    },
    within: (_ms, work) => work,
  };
}

/** What Consul would answer, held in memory. */
export interface MemoryCatalog extends SourceClient {
  rows: readonly unknown[];
  /** What a `consistent` read answers; the same as `rows` when undefined. */
  consistentRows: readonly unknown[] | undefined;
  flags: Partial<Pick<ServiceAnswer, 'filtered' | 'lastContactMs'>>;
  may: MayRead;
  reads: number;
  index: string;
  /** What the catalog becomes when the token is fetched again; none left: it is the same token. */
  renewals: Partial<Pick<MemoryCatalog, 'rows' | 'may' | 'flags' | 'consistentRows'>>[];
}

export function memoryCatalog(rows: readonly unknown[] = []): MemoryCatalog {
  const catalog: MemoryCatalog = {
    tokenName: 'CONSUL_HTTP_TOKEN',
    rows,
    consistentRows: undefined,
    flags: {},
    may: 'allowed',
    reads: 0,
    index: '42',
    renewals: [],
    async readService(_service, options) {
      catalog.reads += 1;
      const answer = options?.consistent ? (catalog.consistentRows ?? catalog.rows) : catalog.rows;
      return { rows: answer, index: catalog.index, lastContactMs: 0, filtered: false, ...catalog.flags };
    },
    mayRead: async () => catalog.may,
    readIndex: async () => catalog.index,
    renewToken: async () => {
      const next = catalog.renewals.shift();
      if (next) Object.assign(catalog, next);
      return next !== undefined;
    },
  };
  return catalog;
}

export function parseConfig(input: v.InferInput<typeof configSchema> = iriLayout): Config {
  return v.parse(configSchema, { networks: LOCAL_NETWORKS, ...input });
}

/** The IRI layout, whose pools may be emptied when nobody is listed any more. */
export const emptyingConfig = (): Config =>
  parseConfig({ ...iriLayout, pools: iriLayout.pools.map((pool) => ({ ...pool, whenGone: 'empty' })) });

/** A HAProxy with the ranges of a configuration, `slots` in each. */
export function haproxyFor(config: Config, slots: number, asynchronous = false): SimulatedHAProxy {
  // Addresses take effect a few commands later, so that whoever does not wait for them is caught.
  let commands = 0;
  const sim = new SimulatedHAProxy({ asynchronous, step: () => ++commands % 3 === 0 });
  for (const { backend, ranges } of config.pools) {
    for (const { prefix, transport } of ranges) sim.addRange(backend, prefix, slots, transport !== 'plain');
  }
  return sim;
}

export interface RunWith {
  readonly config?: Config;
  readonly haproxy: SimulatedHAProxy;
  readonly catalog: SourceClient;
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** In place of `names`. */
  readonly resolve?: Resolve;
  readonly mode?: 'apply' | 'plan';
  readonly force?: boolean;
  readonly atLeast?: AtLeast;
}

/** One run against one HAProxy. */
export async function runOnce(options: RunWith): Promise<Report & { readonly only: LoadBalancerReport }> {
  const { config = parseConfig(), haproxy, catalog, names = {}, mode = 'apply', force = false } = options;
  const clock = instantClock();
  const report = await reconcile(
    {
      config,
      source: makeSource({ client: catalog, clock }),
      connect: async () => haproxy.connect(),
      resolve:
        options.resolve ??
        (async (name) => {
          const answers = names[name];
          if (!answers) throw new Error('ENOTFOUND');
          return answers;
        }),
      clock,
    },
    [{ kind: 'tcp', host: 'simulated', port: 9999 }],
    { mode, force, ...(options.atLeast ? { atLeast: options.atLeast } : {}) },
  );
  const [only] = report.loadBalancers;
  if (!only) throw new Error('no load balancer in the report');
  return { ...report, only };
}

/** The slots that are ready, as `slot address:port weight maxconn`, by backend. */
export function readyIn(haproxy: SimulatedHAProxy, backend: string): string[] {
  return [...(haproxy.backends.get(backend) ?? [])]
    .filter(([, { state }]) => state === 'ready')
    .map(
      ([slot, { address, port, weight, maxconn }]) =>
        `${slot.replace(/\d+$/, '')} ${address}:${port} w${weight} m${maxconn}`,
    )
    .sort();
}

/** Commands that write, among those a HAProxy was given. */
export function writesOf(haproxy: SimulatedHAProxy): string[] {
  return haproxy.lines.filter((line) => line.startsWith('set '));
}
