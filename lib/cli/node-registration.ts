// Completes and validates what `iri-lb node add` registers, before Consul sees it. Pure.
import { parseAddress, parsePort, parseWhole, printHostPort } from '../address.js';
import { parseTags, type TagValues, tagTable } from '../catalog/tags.js';
import type { Config } from '../config/pools.js';
import { ConfigError, type Problem } from '../errors.js';
import { MAX_WEIGHT } from '../haproxy/commands.js';
import { quote, showName } from '../text.js';
import { type CheckSettings, makeCheck, type Tell } from './node-default-check.js';
import type { ServiceDefinition } from './node-file.js';

/** A registration that is complete, in the spelling of Consul's HTTP API. */
export interface Registration extends ServiceDefinition {
  readonly ID: string;
  readonly Name: string;
  readonly Address: string;
  readonly Port: number;
}

const ID = /^[A-Za-z0-9[][A-Za-z0-9_.:@[\]-]{0,127}$/;

/**
 * Fills id (`address:port`), name (the service of the first pool) and check, and validates. Throws
 * ConfigError with every problem at once, those found before included.
 */
export function completeRegistration(
  service: ServiceDefinition,
  config: Config,
  check: CheckSettings | undefined,
  found: readonly Problem[] = [],
): Registration {
  const problems = [...found];
  const problem = (path: string, message: string): void => void problems.push({ path, message });

  const address = typeof service.Address === 'string' ? parseAddress(service.Address) : undefined;
  if (!address) problem('address', `${show(service.Address)}; give an IPv4 or IPv6 address or a host name`);
  const port = parsePort(service.Port);
  if (!port) problem('port', `${show(service.Port)}; give 1 to 65535`);
  const name = service.Name ?? config.pools[0]?.service ?? '';
  const pools = config.pools.filter((pool) => pool.service === name);
  if (pools.length === 0) {
    const known = [...new Set(config.pools.map((pool) => pool.service))].join(', ');
    problem('name', `no pool serves ${textOf(name)}; use ${known}, or add a pool in LB_CONFIG`);
  }
  const target = address && port ? printHostPort(address.text, port) : '';
  const id = service.ID ?? target;
  if ((typeof id !== 'string' || !ID.test(id)) && (service.ID !== undefined || target)) {
    problem('id', `${show(id)}; use up to 128 of A-Z a-z 0-9 _ . : @ [ ] -`);
  }
  const said = validateTags(service, config, pools, problem);
  validateWeights(service.Weights, problem);
  const filled = service.Check === undefined && service.Checks === undefined ? check : undefined;
  const added = filled && target ? makeCheck(target, said, filled, problem) : undefined;
  if (problems.length > 0 || !address || !port) throw new ConfigError('node', problems);
  return {
    ...service,
    ID: String(id),
    Name: String(name),
    Address: address.text,
    Port: port,
    ...(added ? { Check: added } : {}),
  };
}

function validateTags(
  { Tags: tags = [], Meta: meta = {} }: ServiceDefinition,
  config: Config,
  pools: Config['pools'],
  problem: Tell,
): TagValues {
  const texts = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string');
  if (!texts) problem('tags', `${show(tags)}; give a list of texts`);
  const fields = typeof meta === 'object' && meta !== null && !Array.isArray(meta);
  if (!fields || !Object.values(meta).every((value) => typeof value === 'string')) {
    problem('meta', `${show(meta)}; give an object of texts`);
  }
  const instance = { tags: texts ? tags.map(String) : [], meta: fields ? { ...meta } : {} };
  return parseTags(instance, config.tagPrefix, tagTable({ pools }), (text) =>
    problem('tags', text.replace(/; the default is used$/, '').replace(' is ignored: ', ': ')),
  );
}

function validateWeights(weights: unknown, problem: Tell): void {
  if (weights === undefined) return;
  const { Passing: passing = 1, Warning: warning = 1 } = { ...(weights as object) } as Record<
    string,
    unknown
  >;
  if (typeof weights !== 'object' || parseWhole(passing, 1, MAX_WEIGHT) === undefined) {
    problem('weights.passing', `${show(passing)}; give 1 to ${MAX_WEIGHT}`);
  }
  if (parseWhole(warning, 0, MAX_WEIGHT) === undefined) {
    problem('weights.warning', `${show(warning)}; give 0 to ${MAX_WEIGHT}`);
  }
}

/** `10.0.0.0.1 is unusable`, or `missing`. */
function show(value: unknown): string {
  return value === undefined ? 'missing' : `${textOf(value)} is unusable`;
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? showName(value) : quote(value);
}
