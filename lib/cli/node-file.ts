// A service definition as Consul takes it: read from JSON in either spelling, written in either. Pure.
import { messageOf, type Problem } from '../errors.js';
import { quote } from '../text.js';

/** A check, in the spelling of Consul's HTTP API; only what we look at is typed. */
export interface CheckDefinition {
  readonly Args?: readonly string[];
  readonly Interval?: string;
  readonly Timeout?: string;
  readonly [key: string]: unknown;
}

/** A service, in the spelling of Consul's HTTP API; values are not yet validated. */
export interface ServiceDefinition {
  readonly ID?: unknown;
  readonly Name?: unknown;
  readonly Address?: unknown;
  readonly Port?: unknown;
  readonly Tags?: unknown;
  readonly Meta?: unknown;
  readonly Weights?: unknown;
  readonly Check?: unknown;
  readonly Checks?: unknown;
  readonly [key: string]: unknown;
}

/** Names that the HTTP API and the agent's files spell differently, beyond case and underscores. */
const FILE_NAMES: Readonly<Record<string, string>> = { CheckID: 'id' };
const SERVICE_KEYS =
  'ID Name Tags Meta Address Port EnableTagOverride Weights TaggedAddresses Check Checks'.split(' ');
const CHECK_KEYS = (
  'CheckID Name Notes Args HTTP Method Header Body TCP TTL GRPC GRPCUseTLS Interval Timeout Status Shell ' +
  'DeregisterCriticalServiceAfter TLSSkipVerify SuccessBeforePassing FailuresBeforeCritical OutputMaxSize ' +
  'AliasNode AliasService DockerContainerID'
).split(' ');
const WEIGHT_KEYS = ['Passing', 'Warning'];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a definition: bare as the HTTP API takes it or in `{"service": …}` as the agent's files have it,
 * `EnableTagOverride` or `enable_tag_override`. A key that Consul does not know is a problem.
 */
export function parseServiceFile(text: string, problem: (problem: Problem) => void): ServiceDefinition {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    problem({ path: '--file', message: `not JSON: ${quote(messageOf(error), 200)}` });
    return {};
  }
  const outer = fieldsOf(parsed);
  const wrapped = outer && Object.keys(outer).length === 1 ? (outer.service ?? outer.Service) : undefined;
  const service = wrapped === undefined ? outer : fieldsOf(wrapped);
  if (!service) {
    problem({ path: '--file', message: 'not an object with one service definition' });
    return {};
  }
  const nested = (value: unknown, known: readonly string[], path: string): unknown => {
    const fields = fieldsOf(value);
    return fields ? spell(fields, known, path, problem) : value;
  };
  const { Weights, Check, Checks, ...rest } = spell(service, SERVICE_KEYS, '', problem);
  return {
    ...rest,
    ...(Weights === undefined ? {} : { Weights: nested(Weights, WEIGHT_KEYS, 'weights.') }),
    ...(Check === undefined ? {} : { Check: nested(Check, CHECK_KEYS, 'check.') }),
    ...(Array.isArray(Checks)
      ? { Checks: Checks.map((check, index) => nested(check, CHECK_KEYS, `checks.${index}.`)) }
      : {}),
  };
}

/** The same definition for a file in the agent's configuration directory, which wants snake case. */
export function toFileForm(service: object): object {
  return { service: snakeCased(service) };
}

function snakeCased(value: unknown): Fields {
  return Object.fromEntries(
    Object.entries(fieldsOf(value) ?? {}).map(([key, member]) => {
      if (key === 'Check' || key === 'Weights') return [snake(key), snakeCased(member)];
      if (key === 'Checks' && Array.isArray(member)) return [snake(key), member.map(snakeCased)];
      return [snake(key), member];
    }),
  );
}

function snake(key: string): string {
  const words = key.replace(/([a-z])([A-Z])/g, '$1_$2').replace(/^(TLS|GRPC)(?=[A-Z])/, '$1_');
  return FILE_NAMES[key] ?? words.toLowerCase();
}

function spell(
  fields: Fields,
  known: readonly string[],
  path: string,
  problem: (problem: Problem) => void,
): Fields {
  const spelling = new Map(known.map((key) => [squash(key), key]));
  for (const key of known) {
    const name = FILE_NAMES[key];
    if (name !== undefined) spelling.set(name, key);
  }
  const entries = Object.entries(fields).flatMap(([key, value]) => {
    const name = spelling.get(squash(key));
    if (name !== undefined) return [[name, value]];
    problem({ path: `${path}${key}`, message: `unknown key; known are ${known.map(snake).join(', ')}` });
    return [];
  });
  return Object.fromEntries(entries) as Fields;
}

function squash(key: string): string {
  return key.toLowerCase().replaceAll('_', '');
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
