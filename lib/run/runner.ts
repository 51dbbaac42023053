// Puts a run together from settings: the one place where the interfaces meet the real world.
import type { Settings } from '../config/environment.js';
import { ssmParameters } from '../config/ssm.js';
import { type ConsulClient, makeConsulClient } from '../consul/client.js';
import { makeSource } from '../consul/source.js';
import { makeTokenSource, PARAMETER_VARIABLE } from '../consul/token.js';
import { connectRuntime } from '../haproxy/connection.js';
import { NextStepError } from '../model/errors.js';
import { levelOf, type Problem, reported, sentenceOf, textOf } from '../model/problem.js';
import type { Report } from '../model/report.js';
import type { AtLeast, Source } from '../model/source.js';
import { longestRunMs } from './concurrency.js';
import { findLoadBalancers } from './find-load-balancers.js';
import { systemLookup } from './lookup.js';
import { type ReconcileDeps, reconcile } from './reconcile.js';
import { makeResolve } from './resolve.js';
import { systemClock } from './system-clock.js';
import { systemAnswerBudget } from './system-memory.js';
import { makeProcesses } from './two-processes.js';

/** Longest wait for a TCP and TLS handshake with an admin socket, in milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Longest wait for a name server, in milliseconds. */
const RESOLVE_TIMEOUT_MS = 2_000;

export interface RunOptions {
  readonly mode: 'apply' | 'plan';
  readonly force?: boolean;
  readonly atLeast?: AtLeast;
  /** In place of the runner's own source, to see what a run reads. */
  readonly source?: Source;
  /** Longest time the run may take, in milliseconds; in place of what the configuration allows. */
  readonly budgetMs?: number;
}

const NOT_FOUND = "did not list the load balancers before the run's deadline";

/** What a warm environment keeps between runs: the token and the connections' set-up. */
export interface Runner {
  readonly settings: Settings;
  readonly source: Source;
  /** For commands that ask Consul for more than runs do. */
  readonly client: ConsulClient;
  run(options: RunOptions): Promise<Report>;
  readonly deps: ReconcileDeps;
}

/** `log` is told, in one line, of what failed and was tried again. */
export function makeRunner(settings: Settings, log?: (line: string) => void): Runner {
  const { config, consul, haproxy } = settings;
  const client = makeConsulClient({
    settings: consul,
    token: makeTokenSource(consul, {
      clock: systemClock,
      fetch: ssmParameters(PARAMETER_VARIABLE, systemLookup),
      ...(log ? { log } : {}),
    }),
    http: { lookup: systemLookup, budget: systemAnswerBudget },
    timeoutMs: config.consulTimeoutMs,
    clock: systemClock,
    random: Math.random,
    ...(log ? { log } : {}),
  });
  const own = makeSource({ client, clock: systemClock });
  const deps: ReconcileDeps = {
    config,
    source: own,
    connect: (address, budgetMs) =>
      connectRuntime(address, {
        connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, budgetMs),
        promptTimeoutMs: Math.min(config.lockTimeoutMs, budgetMs),
        answerTimeoutMs: Math.min(config.answerTimeoutMs, budgetMs),
        totalTimeoutMs: budgetMs,
        tls: haproxy.tls,
        lookup: systemLookup,
        budget: systemAnswerBudget,
      }),
    resolve: makeResolve({ timeoutMs: RESOLVE_TIMEOUT_MS }),
    clock: systemClock,
    processes: makeProcesses(),
  };
  return {
    settings,
    source: own,
    client,
    deps,
    async run({ mode, force = false, atLeast, source = own, budgetMs }) {
      const startedAt = systemClock.monotonicMs();
      const { addresses, problems } = await systemClock.within(
        budgetMs ?? longestRunMs(config, 1),
        findLoadBalancers(client, haproxy.addresses, haproxy.tls.cert !== undefined),
        () => new NextStepError('consul', NOT_FOUND, 'is it slow?'),
      );
      const deadline = startedAt + (budgetMs ?? longestRunMs(config, addresses.length));
      const options = { mode, force, deadline, ...(atLeast ? { atLeast } : {}) };
      return withDiscovery(await reconcile({ ...deps, source }, addresses, options), problems);
    },
  };
}

/** The report with what is wrong with the list of load balancers. */
function withDiscovery(report: Report, problems: readonly Problem[]): Report {
  const warnings = problems.filter((problem) => levelOf(problem) === 'warning').map(textOf);
  const error = errorOf(problems);
  return {
    ...report,
    consul: {
      ...report.consul,
      warnings: [...report.consul.warnings, ...warnings],
      ...(error === undefined ? {} : { error }),
    },
    problems: [...report.problems, ...problems.map(reported)],
  };
}

/** What fails a run beside its load balancers; undefined: nothing. */
export function errorOf(problems: readonly Problem[]): string | undefined {
  const errors = problems.filter((problem) => levelOf(problem) === 'error');
  return errors.length === 0 ? undefined : errors.map(sentenceOf).join('; ');
}
