// Puts a run together from settings: the one place where the interfaces meet the real world.
import type { Settings } from '../config/environment.js';
import { fingerprintOf } from '../config/fingerprint.js';
import { ssmParameters } from '../config/ssm.js';
import { type ConsulClient, makeConsulClient } from '../consul/client.js';
import { makeSource } from '../consul/source.js';
import { makeTokenSource, PARAMETER_VARIABLE } from '../consul/token.js';
import { connectRuntime } from '../haproxy/connection.js';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { buildText } from '../model/build.js';
import { NextStepError } from '../model/errors.js';
import { levelOf, type Problem, reported, sentenceOf, textOf } from '../model/problem.js';
import type { Report } from '../model/report.js';
import type { Connect } from '../model/runtime.js';
import type { AtLeast, Source } from '../model/source.js';
import type { ByHand } from './by-hand.js';
import { longestRunMs } from './concurrency.js';
import { findLoadBalancers, namedLoadBalancers } from './find-load-balancers.js';
import type { FleetLook, LookDeps } from './look.js';
import { systemLookup } from './lookup.js';
import { type OnWait, toldConnect, toldSource } from './on-wait.js';
import { type ReconcileDeps, reconcile } from './reconcile.js';
import { makeResolve } from './resolve.js';
import { systemClock } from './system-clock.js';
import { systemAnswerBudget } from './system-memory.js';
import type { ForPeople } from './transaction.js';
import { makeProcesses, type Processes } from './two-processes.js';

/** There where this is a function's bundle: these only run, and what looks is left out of them. */
declare const IRI_LB_FUNCTION: true | undefined;

/** Longest wait for a TCP and TLS handshake with an admin socket, in milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
/** A read that was begun before a socket was held is used so long, in milliseconds: nobody else had the socket then. */
const EARLY_MS = 20;
/** How long who only looks waits for a socket that another client has, in milliseconds. */
const LOOK_PATIENCE_MS = 3_000;
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
  /** Reads the source while the sockets are being reached: for who is told of each change the moment it happens. */
  readonly readsAtOnce?: boolean;
  /** Of `apply`: what somebody who runs by hand adds, and gets to see. */
  readonly byHand?: ByHand;
  readonly forPeople?: ForPeople;
}

export interface RunnerExtras {
  /** Told what is waited for. */
  readonly onWait?: OnWait | undefined;
  /** Of load balancers that were met before. */
  readonly processes?: Processes;
  /** Where this very process listens: nobody may be served there, beside those of the configuration. */
  readonly listeners?: readonly string[] | undefined;
}

export interface LookOptions {
  /** Plan past the guard. */
  readonly force?: boolean;
  /** In place of the runner's own source, to keep what is read. */
  readonly source?: Source;
  /** In place of how the load balancers are connected to. */
  readonly connect?: Connect;
  /** Whether details of few servers will be asked for, or of all; of few by default. */
  readonly details?: LookDeps['details'];
}

const NOT_FOUND = "did not list the load balancers before the run's deadline";

/** What a warm environment keeps between runs: the token and the connections' set-up. */
export interface Runner {
  readonly settings: Settings;
  readonly source: Source;
  /** For commands that ask Consul for more than runs do. */
  readonly client: ConsulClient;
  run(options: RunOptions): Promise<Report>;
  /** Looks at the fleet for people, and says what the next run would do; writes nothing. */
  look(options?: LookOptions): Promise<FleetLook>;
  /** Connects to what people look at: sockets of their own where there are such, else not waiting long. */
  readonly connectToLook: Connect;
  readonly deps: ReconcileDeps;
}

/** `log` is told, in one line, of what failed and was tried again. */
export function makeRunner(
  settings: Settings,
  log?: (line: string) => void,
  { onWait, processes = makeProcesses(), listeners = [] }: RunnerExtras = {},
): Runner {
  const { consul, haproxy } = settings;
  const config = { ...settings.config, listeners: [...settings.config.listeners, ...listeners] };
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
  const own = toldSource(makeSource({ client, clock: systemClock }), config.consulTimeoutMs, onWait);
  const deps: ReconcileDeps = {
    config,
    source: own,
    connect: toldConnect(connectAs(settings, config.lockTimeoutMs), config.lockTimeoutMs, onWait),
    resolve: makeResolve({ timeoutMs: RESOLVE_TIMEOUT_MS }),
    clock: systemClock,
    processes,
  };
  const find = (budgetMs = longestRunMs(config, 1)) =>
    systemClock.within(
      budgetMs,
      findLoadBalancers(client, haproxy.addresses, haproxy.tls.cert !== undefined),
      () => new NextStepError('consul', NOT_FOUND, 'is it slow?'),
    );
  const patienceMs = Math.min(LOOK_PATIENCE_MS, config.lockTimeoutMs);
  const connectToLook = toldConnect(connectAs(settings, patienceMs, readersOf(settings)), patienceMs, onWait);
  const by = { build: buildText(), configuration: fingerprintOf(config) };
  const stamped = ({ version, ...report }: Report): Report => ({ version, ...by, ...report });
  return {
    settings,
    source: own,
    client,
    deps,
    connectToLook,
    async look({ force = false, source = own, connect = connectToLook, details = 'asked' } = {}) {
      if (typeof IRI_LB_FUNCTION === 'undefined') {
        const [{ lookAt }, { addresses, problems }] = await Promise.all([import('./look.js'), find()]);
        const readOnly = haproxy.readAddresses !== undefined;
        const looked = await lookAt({ ...deps, source, connect, readOnly, details }, addresses, { force });
        return { ...looked, report: stamped(withDiscovery(looked.report, problems)) };
      }
      throw new Error('a function looks at nothing');
    },
    async run({ mode, force = false, atLeast, source = own, budgetMs, readsAtOnce, byHand, forPeople }) {
      const startedAt = systemClock.monotonicMs();
      const isEarly = (): boolean => systemClock.monotonicMs() - startedAt < EARLY_MS;
      // Nothing is waited for before the sockets are being reached.
      const areNamed = haproxy.addresses.every(({ kind }) => kind !== 'consul');
      const { addresses, problems } = areNamed ? namedLoadBalancers(haproxy.addresses) : await find(budgetMs);
      const deadline = startedAt + (budgetMs ?? longestRunMs(config, addresses.length));
      const options = {
        mode,
        force,
        deadline,
        ...(atLeast ? { atLeast } : {}),
        ...(readsAtOnce ? { atOnce: isEarly } : {}),
        ...(byHand ? { byHand } : {}),
        ...(forPeople ? { forPeople } : {}),
      };
      return stamped(withDiscovery(await reconcile({ ...deps, source }, addresses, options), problems));
    },
  };
}

/** Connects to admin sockets, or to those in `readers` in their place; `promptTimeoutMs`: while others have them. */
function connectAs(
  { config, haproxy }: Settings,
  promptTimeoutMs: number,
  readers: ReadonlyMap<string, SocketAddress> = new Map(),
): Connect {
  return (address, budgetMs) =>
    connectRuntime(readers.get(printAdminAddress(address)) ?? address, {
      connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, budgetMs),
      promptTimeoutMs: Math.min(promptTimeoutMs, budgetMs),
      answerTimeoutMs: Math.min(config.answerTimeoutMs, budgetMs),
      totalTimeoutMs: budgetMs,
      tls: haproxy.tls,
      lookup: systemLookup,
      budget: systemAnswerBudget,
    });
}

/** By the printed admin address: the socket to look at in its place. */
function readersOf({ haproxy }: Settings): ReadonlyMap<string, SocketAddress> {
  const { addresses, readAddresses = [] } = haproxy;
  return new Map(
    readAddresses.flatMap((reader, at) => {
      const admin = addresses[at];
      return admin ? [[printAdminAddress(admin), reader] as const] : [];
    }),
  );
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
