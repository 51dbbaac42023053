// Looks at everything a run depends on, changes nothing, and says what to do about what it finds.
import { readSettings, type Settings } from '../config/environment.js';
import { withParameters } from '../config/pem-parameters.js';
import { makeConsulClient } from '../consul/client.js';
import { makeEndpoint } from '../consul/endpoint.js';
import { makeSource } from '../consul/source.js';
import { makeTokenSource } from '../consul/token.js';
import { connectRuntime } from '../haproxy/connection.js';
import { isKind } from '../haproxy/errors.js';
import { parseIdentity } from '../haproxy/identity.js';
import type { DeadlineClock } from '../model/clock.js';
import { ConfigError, failureOf } from '../model/errors.js';
import { findLoadBalancers } from '../run/find-load-balancers.js';
import { makeResolve } from '../run/resolve.js';
import { systemClock } from '../run/system-clock.js';
import { readCatalog } from '../run/views.js';
import { judgeBackends } from './backends.js';
import { judgeCatalog } from './catalog.js';
import { judgeConsul } from './consul.js';
import type { DoctorDeps } from './deps.js';
import { judgeDrift } from './drift.js';
import type { CatalogFacts, Facts } from './facts.js';
import { type Diagnosis, errorFrom, type Finding, ok } from './finding.js';
import { judgeFleet } from './fleet.js';
import { gatherBalances } from './gather-balance.js';
import { gatherConsul } from './gather-consul.js';
import { gatherFleet } from './gather-fleet.js';
import { judgeProcess } from './haproxy.js';
import { judgeRestore } from './restore.js';
import { judgeServices } from './services.js';

/** Longest waits in milliseconds. */
const CONNECT_MS = 2_000;
/** With no leader, Consul takes 7 s to say so. */
const CONSUL_MS = 10_000;
const LOAD_BALANCER_MS = 20_000;
/** Of a given time, what Consul and then the load balancers may take at most. */
const SHARE = 0.45;
/** How long a second client is listened to: a free socket gives its prompt within a few milliseconds. */
const SECOND_PROMPT_MS = 500;
/** How long it is waited for to be let in, where another one just was. */
const SECOND_CONNECT_MS = 1_000;

export interface DiagnoseOptions {
  readonly clock?: DeadlineClock;
  /** How long it may take, in milliseconds. */
  readonly budgetMs?: number;
}

/** Examines what these environment variables name. Never throws: what goes wrong is a finding. */
export async function diagnose(
  env: Readonly<Record<string, string | undefined>>,
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  let settings: Settings;
  try {
    settings = readSettings(await withParameters(env, systemClock));
  } catch (problem) {
    return configurationDiagnosis(problem);
  }
  return examine(settings, options);
}

/** What is wrong with the settings, each as a finding; throws what is no ConfigError. */
export function configurationDiagnosis(problem: unknown): Diagnosis {
  if (!(problem instanceof ConfigError)) throw problem;
  const findings = problem.problems.map(({ path, message, nextStep = '' }) =>
    errorFrom('configuration', path, { detail: message, nextStep }),
  );
  return { version: 1, findings };
}

/** Examines what settings name that were read already. */
export async function examine(
  settings: Settings,
  { clock = systemClock, budgetMs = Number.POSITIVE_INFINITY }: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const { config } = settings;
  const endMs = clock.monotonicMs() + budgetMs * (1 - SHARE);
  const canWait = (): boolean => clock.monotonicMs() < endMs;
  const facts = await gather(examinersOf(settings, clock, budgetMs * SHARE), canWait);
  const labels = 'failure' in facts.catalog ? [] : [...facts.catalog.view.labels.values()];
  const surroundings = {
    named: facts.loadBalancers.map(({ address }) => address),
    registered: new Map(labels.flatMap((ofService) => [...ofService])),
  };
  const findings: Finding[] = [
    ok('configuration', 'LB_CONFIG', `${config.pools.map(({ backend }) => backend).join(', ')}`),
    ...judgeConsul(facts),
    ...judgeServices(config, facts),
    ...judgeCatalog(config, facts),
    ...judgeFleet(config, facts),
    ...facts.loadBalancers.flatMap((loadBalancer) => [
      ...judgeProcess(config, loadBalancer, surroundings),
      ...judgeBackends(config, loadBalancer, facts),
      ...judgeRestore(config, loadBalancer),
      ...judgeDrift(config, loadBalancer, facts),
    ]),
  ];
  return { version: 1, findings };
}

async function gather(deps: DoctorDeps, canWait: () => boolean): Promise<Facts> {
  const { settings, client } = deps;
  const consul = gatherConsul(deps);
  const admins = settings.haproxy.addresses.flatMap((address) =>
    address.kind === 'consul' ? [] : [address],
  );
  const catalog = readCatalog({ ...deps, config: settings.config, admins }).then(
    ({ view, catalog: { services } }): CatalogFacts => {
      const listed = services.map(({ service, instances }) => [service, instances.length] as const);
      return { view, listed: new Map(listed) };
    },
    (error: unknown) => ({ failure: failureOf(error) }),
  );
  const [found] = await Promise.allSettled([findLoadBalancers(client, settings.haproxy.addresses)]);
  const { addresses, problems } =
    found.status === 'fulfilled' ? found.value : { addresses: [], problems: [] };
  const loadBalancers = await gatherFleet(deps, addresses, canWait);
  const facts = {
    ...(await consul),
    catalog: await catalog,
    discoveryFailure: found.status === 'rejected' ? failureOf(found.reason) : undefined,
    discoveryProblems: problems,
    loadBalancers,
  };
  return canWait() ? gatherBalances(deps, facts) : facts;
}

/** What examines these settings. `shareMs`: longest time for Consul, or for a load balancer, in milliseconds. */
export function examinersOf(
  settings: Settings,
  clock: DeadlineClock,
  shareMs: number = Number.POSITIVE_INFINITY,
): DoctorDeps {
  const { config, consul, haproxy } = settings;
  const token = makeTokenSource(consul, { clock });
  const consulTimeoutMs = Math.min(config.consulTimeoutMs, CONSUL_MS, shareMs);
  const limits = { connectTimeoutMs: CONNECT_MS, answerTimeoutMs: config.answerTimeoutMs, tls: haproxy.tls };
  const client = makeConsulClient({
    settings: consul,
    token,
    timeoutMs: consulTimeoutMs,
    clock,
    random: Math.random,
  });
  const soon = {
    ...limits,
    connectTimeoutMs: SECOND_CONNECT_MS,
    promptTimeoutMs: SECOND_PROMPT_MS,
    totalTimeoutMs: LOAD_BALANCER_MS,
  };
  return {
    settings,
    endpoints: consul.addresses.map((address) => makeEndpoint(address, consul)),
    token,
    client,
    source: makeSource({ client, clock }),
    consulTimeoutMs,
    connect: (address, budgetMs) => {
      const totalTimeoutMs = Math.min(budgetMs, LOAD_BALANCER_MS, shareMs);
      // Sooner than the whole, so that it is said what did not come.
      const promptTimeoutMs = Math.min(config.lockTimeoutMs, 0.8 * totalTimeoutMs);
      return connectRuntime(address, { ...limits, promptTimeoutMs, totalTimeoutMs });
    },
    isPrompted: async (address) => {
      try {
        const connection = await connectRuntime(address, soon);
        await connection.close();
        return true;
      } catch (error) {
        // No room left among those who wait is silence, too: ours, at the same address, was let in.
        const isSilent =
          isKind(error, 'no-prompt') || (isKind(error, 'connect') && /within/.test(error.detail));
        return isSilent ? false : undefined;
      }
    },
    identify: async (address) => {
      try {
        const connection = await connectRuntime(address, soon);
        try {
          const [info = ''] = await connection.send(['show info']);
          return parseIdentity(info);
        } finally {
          await connection.close();
        }
      } catch {
        return undefined;
      }
    },
    resolve: makeResolve({ timeoutMs: CONNECT_MS }),
    clock,
  };
}
