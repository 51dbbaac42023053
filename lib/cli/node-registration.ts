// Completes and validates what `iri-lb node add` registers, before Consul sees it. Pure.
import type { Config } from '../config/pools.js';
import { tagTableOf } from '../config/tag-keys.js';
import { parseAddress, parsePort, printHostPort } from '../model/address.js';
import type { SettingProblem } from '../model/errors.js';
import { type IpPort, judgeOf, type Refusal } from '../model/networks.js';
import { REFUSED_AS } from '../model/problem-table.js';
import type { Registration, ServiceDefinition } from '../model/registration.js';
import { makeCheck, type WantedCheck } from './node-checks.js';
import { show, textOf, validateTags, validateTypes, validateWeights } from './node-fields.js';
import { usageProblems } from './usage.js';

/** The service that it is registered under: its own, or that of the first pool. Not yet validated. */
export function nameOf(service: ServiceDefinition, { pools }: Config): unknown {
  return service.Name ?? pools[0]?.service ?? '';
}

/** Runs would leave it out, with a warning that nobody waits for here. */
function refusalText(hostPort: string, why: Refusal): string {
  const isListed = why !== 'loopback' && why !== 'not-listed';
  const next = isListed ? 'give another one' : 'list its range in networks of LB_CONFIG, or give another one';
  return `${hostPort} is ${REFUSED_AS[why]}, so runs would leave it out; ${next}`;
}

const ID = /^[A-Za-z0-9[][A-Za-z0-9_.:@[\]-]{0,127}$/;

/**
 * Fills id (`address:port`), name (the service of the first pool) and check, and validates. The definition's
 * token is left out. An address is refused where runs would refuse it: `admins` are the load balancers' own. The
 * addresses of a host name are judged by runs alone. Throws ConfigError with every problem at once, those found before included.
 */
export function completeRegistration(
  service: ServiceDefinition,
  config: Config,
  check: WantedCheck | undefined,
  found: readonly SettingProblem[] = [],
  admins: readonly IpPort[] = [],
): Registration {
  const problems = [...found];
  const problem = (path: string, message: string): void => void problems.push({ path, message });

  const address = typeof service.Address === 'string' ? parseAddress(service.Address) : undefined;
  if (!address) problem('address', `${show(service.Address)}; give an IPv4 or IPv6 address or a host name`);
  const port = parsePort(service.Port);
  if (!port) problem('port', `${show(service.Port)}; give 1 to 65535`);
  const name = nameOf(service, config);
  if (!config.pools.some((pool) => pool.service === name)) {
    const known = [...new Set(config.pools.map((pool) => pool.service))].join(', ');
    problem('name', `no pool serves ${textOf(name)}; use ${known}, or add a pool in LB_CONFIG`);
  }
  const hostPort = address && port ? printHostPort(address.text, port) : '';
  if (address && address.kind !== 'name' && port) {
    const why = judgeOf(config, admins)(address.text, port);
    if (why) problem('address', refusalText(hostPort, why));
  }
  const id = service.ID ?? hostPort;
  if ((typeof id !== 'string' || !ID.test(id)) && (service.ID !== undefined || hostPort)) {
    problem('id', `${show(id)}; use up to 128 of A-Z a-z 0-9 _ . : @ [ ] -`);
  }
  const said = validateTags(service, config.tagPrefix, tagTableOf(config, String(name)), problem);
  validateWeights(service.Weights, problem);
  validateTypes(service, problem);
  const filled = service.Check === undefined && service.Checks === undefined ? check : undefined;
  const added = filled && hostPort ? makeCheck(hostPort, said, filled, problem) : undefined;
  if (problems.length > 0 || !address || !port) throw usageProblems(problems);
  const { Token: _token, ...shown } = service;
  return {
    ...shown,
    ID: String(id),
    Name: String(name),
    Address: address.text,
    Port: port,
    ...(added ? { Check: added } : {}),
  };
}
