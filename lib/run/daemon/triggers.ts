// What has a run made: Consul's blocking queries, another HAProxy, the clock, and a machine that woke up.
import type { Settings } from '../../config/environment.js';
import { ssmParameters } from '../../config/ssm.js';
import { makeTokenSource, PARAMETER_VARIABLE } from '../../consul/token.js';
import { watchService } from '../../consul/watch.js';
import { whoAnswers } from '../../haproxy/who-answers.js';
import { printAdminAddress, type SocketAddress } from '../../model/admin-address.js';
import type { DeadlineClock } from '../../model/clock.js';
import type { RunHealth } from '../../model/run-health.js';
import { systemLookup } from '../lookup.js';
import { systemAnswerBudget } from '../system-memory.js';
import type { Trigger } from './loop.js';
import { makePresence } from './presence.js';

export interface TriggerDeps {
  readonly settings: Settings;
  readonly clock: DeadlineClock;
  readonly resyncMs: number;
  /** Told, in one line, of what failed and was tried again, however often. */
  readonly log: (line: string) => void;
  /** Told when a service cannot be watched, and when it can again. */
  readonly tell: (line: string) => void;
  readonly push: (trigger: Trigger) => void;
  readonly isRunning: () => boolean;
  /** Called every second. */
  readonly onTick: () => void;
}

export interface Triggers {
  /** The load balancers that the last run found. */
  follow(addresses: readonly SocketAddress[]): void;
  watches(): RunHealth['watches'];
  loadBalancers(): RunHealth['loadBalancers'];
  close(): void;
}

const TICK_MS = 1_000;
/** A tick that is so much late, by the wall, is that of a machine that slept, in milliseconds. */
const SLEPT_MS = 10_000;
/** Between two looks for the history, in milliseconds: what HAProxy's own checks do, no run is made for. */
const LOOK_MS = 15_000;
/** For a look at who answers, in milliseconds. */
const CONNECT_MS = 1_000;
const ANSWER_MS = 1_000;

export function makeTriggers(deps: TriggerDeps): Triggers {
  const { settings, clock, resyncMs, log, tell, push, isRunning, onTick } = deps;
  const { config, consul, haproxy } = settings;
  const token = makeTokenSource(consul, {
    clock,
    fetch: ssmParameters(PARAMETER_VARIABLE, systemLookup),
    log,
  });
  const now = (): number => clock.monotonicMs();
  const isPools = (service: string): boolean => config.pools.some((pool) => pool.service === service);
  const watches = watchedServices(settings).map((service) =>
    watchService(
      service,
      {
        settings: consul,
        token,
        answerMs: config.consulTimeoutMs,
        now,
        random: Math.random,
        log: tell,
        http: { lookup: systemLookup, budget: systemAnswerBudget },
        asksForRows: isPools(service),
      },
      (version, rows) => {
        const atMs = now();
        // A run that is under way is not over before they are too old.
        const told = rows && !isRunning() ? { service, rows, atMs } : undefined;
        push({ cause: 'watch', atMs, atLeast: { service, version }, ...(told ? { told } : {}) });
        return told !== undefined;
      },
    ),
  );
  const readers = new Map(
    (haproxy.readAddresses ?? []).flatMap((reader, at) => {
      const admin = haproxy.addresses[at];
      return admin ? [[printAdminAddress(admin), reader] as const] : [];
    }),
  );
  const presence = makePresence({
    ask: (address) =>
      whoAnswers(readers.get(printAdminAddress(address)) ?? address, {
        connectTimeoutMs: CONNECT_MS,
        answerTimeoutMs: ANSWER_MS,
        tls: haproxy.tls,
        lookup: systemLookup,
      }),
    isRunning,
    onNew: (_address, isFirst) => push({ cause: isFirst ? 'start' : 'haproxy', atMs: now() }),
  });
  let followed = haproxy.addresses.flatMap((address) => (address.kind === 'consul' ? [] : [address]));
  presence.follow(followed);

  let resyncAt = now() + resyncMs;
  let lookAt = now() + LOOK_MS;
  let wallMs = clock.wallMs();
  const tick = setInterval(
    () => {
      const before = wallMs;
      wallMs = clock.wallMs();
      onTick();
      if (wallMs - before > SLEPT_MS) {
        // Monotonic time stands still meanwhile, and what was connected may be connected to nobody.
        for (const watch of watches) watch.restart();
        push({ cause: 'wake', atMs: now() });
      }
      if (now() >= resyncAt) {
        resyncAt = now() + resyncMs;
        lookAt = now() + LOOK_MS;
        push({ cause: 'resync', atMs: now() });
      } else if (now() >= lookAt && !isRunning()) {
        lookAt = now() + LOOK_MS;
        push({ cause: 'look', atMs: now() });
      }
    },
    Math.min(TICK_MS, resyncMs),
  );

  return {
    follow(addresses) {
      followed = [...addresses];
      presence.follow(followed);
    },
    watches: () => watches.map((watch) => ({ service: watch.service, error: watch.error() ?? null })),
    loadBalancers: () =>
      followed.map(printAdminAddress).map((address) => ({ address, error: presence.error(address) ?? null })),
    close() {
      clearInterval(tick);
      for (const watch of watches) watch.close();
      presence.close();
    },
  };
}

/** Of the pools, and those under which load balancers are found: a new one is filled at once. */
function watchedServices({ config, haproxy }: Settings): string[] {
  const found = haproxy.addresses.flatMap((address) => (address.kind === 'consul' ? [address.service] : []));
  return [...new Set([...config.pools.map(({ service }) => service), ...found])];
}
