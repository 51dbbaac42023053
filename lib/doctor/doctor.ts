// Looks at everything a run depends on, changes nothing, and says what to do about what it finds.
import { readSettings, type Settings } from '../config/environment.js';
import { withParameters } from '../config/pem-parameters.js';
import { makeConsulClient } from '../consul/client.js';
import { makeEndpoint } from '../consul/endpoint.js';
import { makeSource } from '../consul/source.js';
import { makeTokenSource } from '../consul/token.js';
import { connectRuntime } from '../haproxy/connection.js';
import { isKind } from '../haproxy/errors.js';
import type { DeadlineClock } from '../model/clock.js';
import { ConfigError, failureOf } from '../model/errors.js';
import { findLoadBalancers } from '../run/find-load-balancers.js';
import { mapBounded } from '../run/map-bounded.js';
import { makeResolve } from '../run/resolve.js';
import { systemClock } from '../run/system-clock.js';
import { instancesIn, readCatalog } from '../run/views.js';
import { judgeBackends } from './backends.js';
import { judgeCatalog } from './catalog.js';
import { judgeConsul } from './consul.js';
import type { DoctorDeps } from './deps.js';
import type { Facts } from './facts.js';
import { type Diagnosis, errorFrom, type Finding, ok } from './finding.js';
import { judgeFleet } from './fleet.js';
import { gatherConsul } from './gather-consul.js';
import { gatherHAProxy } from './gather-haproxy.js';
import { judgeProcess } from './haproxy.js';
import { judgeRestore } from './restore.js';

/** Longest waits in milliseconds. */
const CONNECT_MS = 2_000;
/** With no leader, Consul takes 7 s to say so. */
const CONSUL_MS = 10_000;
const LOAD_BALANCER_MS = 20_000;
/** Of a given time, what Consul and then the load balancers may take at most. */
const SHARE = 0.45;
/** They are only asked, so all at once. */
const AT_ONCE = 256;
/** How long a second client is listened to: a free socket gives its prompt within a few milliseconds. */
const SECOND_PROMPT_MS = 500;

export interface DiagnoseOptions {
  readonly clock?: DeadlineClock;
  /** How long it may take, in milliseconds. */
  readonly budgetMs?: number;
}

/** Examines what these environment variables name. Never throws: what goes wrong is a finding. */
export async function diagnose(
  env: Readonly<Record<string, string | undefined>>,
  { clock = systemClock, budgetMs = Number.POSITIVE_INFINITY }: DiagnoseOptions = {},
): Promise<Diagnosis> {
  let settings: Settings;
  try {
    settings = readSettings(await withParameters(env, systemClock));
  } catch (problem) {
    if (!(problem instanceof ConfigError)) throw problem;
    const findings = problem.problems.map(({ path, message, nextStep = '' }) =>
      errorFrom('configuration', path, { detail: message, nextStep }),
    );
    return { version: 1, findings };
  }
  const { config } = settings;
  const facts = await gather(depsOf(settings, clock, budgetMs * SHARE));
  const findings: Finding[] = [
    ok('configuration', 'LB_CONFIG', `${config.pools.map(({ backend }) => backend).join(', ')}`),
    ...judgeConsul(facts),
    ...judgeCatalog(config, facts),
    ...judgeFleet(facts),
    ...facts.loadBalancers.flatMap((loadBalancer) => [
      ...judgeProcess(loadBalancer),
      ...judgeBackends(config, loadBalancer, facts),
      ...judgeRestore(config, loadBalancer),
    ]),
  ];
  return { version: 1, findings };
}

async function gather(deps: DoctorDeps): Promise<Facts> {
  const { settings, client } = deps;
  const consul = gatherConsul(deps);
  const admins = settings.haproxy.addresses.flatMap((address) =>
    address.kind === 'consul' ? [] : [address],
  );
  const view = readCatalog({ ...deps, config: settings.config, admins }).then(
    ({ view: found, catalog }) => ({ view: found, instances: instancesIn(catalog) }),
    (error: unknown) => ({ failure: failureOf(error) }),
  );
  const [found] = await Promise.allSettled([findLoadBalancers(client, settings.haproxy.addresses)]);
  const { addresses, problems } =
    found.status === 'fulfilled' ? found.value : { addresses: [], problems: [] };
  const loadBalancers = await mapBounded(addresses, AT_ONCE, (address) => gatherHAProxy(deps, address));
  return {
    ...(await consul),
    catalog: await view,
    discoveryFailure: found.status === 'rejected' ? failureOf(found.reason) : undefined,
    discoveryProblems: problems,
    loadBalancers,
  };
}

function depsOf(settings: Settings, clock: DeadlineClock, shareMs: number): DoctorDeps {
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
      const options = { ...limits, promptTimeoutMs: SECOND_PROMPT_MS, totalTimeoutMs: LOAD_BALANCER_MS };
      try {
        const connection = await connectRuntime(address, options);
        await connection.close();
        return true;
      } catch (error) {
        return isKind(error, 'no-prompt') ? false : undefined;
      }
    },
    resolve: makeResolve({ timeoutMs: CONNECT_MS }),
    clock,
  };
}
