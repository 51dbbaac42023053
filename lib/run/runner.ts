// Puts a run together from settings: the one place where ports meet the real world.

import type { Settings } from '../config/environment.js';
import { makeCatalog } from '../consul/client.js';
import { discoverLoadBalancers } from '../consul/discovery.js';
import type { AtLeast } from '../consul/source.js';
import { makeTokenSource } from '../consul/token.js';
import { connectRuntime } from '../haproxy/connection.js';
import type { CatalogPort } from '../model/ports.js';
import type { Report } from '../model/report.js';
import { type ReconcileDeps, reconcile } from './reconcile.js';
import { makeResolve } from './resolve.js';
import { readStatus, type Status } from './status.js';
import { systemClock } from './system-clock.js';
import { longestRunMs } from './turns.js';

/** Longest wait for a TCP and TLS handshake with an admin socket, in milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Longest wait for a name server, in milliseconds. */
const RESOLVE_TIMEOUT_MS = 2_000;

export interface RunOptions {
  readonly mode: 'apply' | 'plan';
  readonly force?: boolean;
  readonly atLeast?: AtLeast;
  /** In place of the runner's own catalog, to see what a run reads. */
  readonly catalog?: CatalogPort;
  /** Longest time the run may take, in milliseconds; in place of what the configuration allows. */
  readonly budgetMs?: number;
}

const NOT_FOUND = "consul: did not list the load balancers before the run's deadline; is it slow?";

/** What a warm environment keeps between runs: the token and the connections' set-up. */
export interface Runner {
  readonly settings: Settings;
  readonly catalog: CatalogPort;
  run(options: RunOptions): Promise<Report>;
  /** Reads Consul and every load balancer and writes nothing. */
  status(): Promise<Status>;
}

/** `log` is told, in one line, of what failed and was tried again. */
export function makeRunner(settings: Settings, log?: (line: string) => void): Runner {
  const { config, consul, haproxy } = settings;
  const catalog = makeCatalog({
    settings: consul,
    token: makeTokenSource(consul, log ? { log } : {}),
    timeoutMs: config.consulTimeoutMs,
    clock: systemClock,
    random: Math.random,
    ...(log ? { log } : {}),
  });
  const deps: ReconcileDeps = {
    config,
    catalog,
    connect: (address, budgetMs) =>
      connectRuntime(address, {
        connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, budgetMs),
        promptTimeoutMs: Math.min(config.lockTimeoutMs, budgetMs),
        answerTimeoutMs: Math.min(config.answerTimeoutMs, budgetMs),
        totalTimeoutMs: budgetMs,
        tls: haproxy.tls,
      }),
    resolve: makeResolve({ timeoutMs: RESOLVE_TIMEOUT_MS }),
    clock: systemClock,
  };
  return {
    settings,
    catalog,
    async run({ mode, force = false, atLeast, catalog: seen = catalog, budgetMs }) {
      const startedAt = systemClock.now();
      const findingMs = budgetMs ?? longestRunMs(config, 1);
      const finding = discoverLoadBalancers(catalog, haproxy.addresses);
      const { addresses, warnings, error } = await systemClock.within(
        findingMs,
        finding,
        () => new Error(NOT_FOUND),
      );
      const deadline = startedAt + (budgetMs ?? longestRunMs(config, addresses.length));
      const options = { mode, force, deadline, ...(atLeast ? { atLeast } : {}) };
      const report = await reconcile({ ...deps, catalog: seen }, addresses, options);
      const told = { warnings: [...report.consul.warnings, ...warnings], ...(error ? { error } : {}) };
      return { ...report, consul: { ...report.consul, ...told } };
    },
    async status() {
      const { addresses, error } = await discoverLoadBalancers(catalog, haproxy.addresses);
      const status = await readStatus(deps, addresses);
      return error ? { ...status, consul: { error, ...status.consul } } : status;
    },
  };
}
