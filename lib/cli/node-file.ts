// A service definition as Consul takes it: read from JSON in either spelling, written in either. Pure.
import { messageOf, type SettingProblem } from '../model/errors.js';
import type { CheckDefinition, ServiceDefinition } from '../model/registration.js';
import { quote } from '../model/text.js';

/** Names that the HTTP API and the agent's files spell differently, beyond case and underscores. */
const FILE_NAMES: Readonly<Record<string, string>> = { CheckID: 'id' };
/** What Consul 1.8 knows (`structs.ServiceDefinition`, `structs.CheckType`). */
const SERVICE_KEYS = (
  'ID Name Tags Meta Address Port EnableTagOverride Weights TaggedAddresses Check Checks Kind Connect Proxy ' +
  'Token'
).split(' ');
const CHECK_KEYS = (
  'CheckID Name Notes Args HTTP Method Header Body TCP TTL GRPC GRPCUseTLS Interval Timeout Status Shell ' +
  'DeregisterCriticalServiceAfter TLSSkipVerify SuccessBeforePassing FailuresBeforeCritical OutputMaxSize ' +
  'AliasNode AliasService DockerContainerID ScriptArgs ServiceID ProxyHTTP ProxyGRPC'
).split(' ');
const WEIGHT_KEYS = ['Passing', 'Warning'];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a definition: bare as the HTTP API takes it, or in `{"service": …}` or `{"services": […]}` with one
 * entry as the agent's files have it; `EnableTagOverride` or `enable_tag_override`. A key that Consul does
 * not know is a problem, and so is a check that is none: Consul would take some of those for no check.
 */
export function parseServiceFile(
  text: string,
  problem: (problem: SettingProblem) => void,
): ServiceDefinition {
  const parsed = parseJson(text, '--file', problem);
  if (parsed === undefined) return {};
  const service = unwrap(parsed);
  if (typeof service === 'string') {
    problem({ path: '--file', message: service });
    return {};
  }
  const check = (value: unknown, path: string): CheckDefinition => {
    const fields = fieldsOf(value);
    if (fields) return spell(fields, CHECK_KEYS, `${path}.`, problem);
    problem({ path, message: `${quote(value)} is no check; leave it out, or say --no-check for none` });
    return {};
  };
  const { Weights, Check, Checks, ...rest } = spell(service, SERVICE_KEYS, '', problem);
  const weights = fieldsOf(Weights);
  const checks = Array.isArray(Checks) ? Checks : [];
  if (Checks !== undefined && !Array.isArray(Checks))
    problem({ path: 'checks', message: `${quote(Checks)} is unusable; give a list of checks` });
  return {
    ...rest,
    ...(Weights === undefined
      ? {}
      : { Weights: weights ? spell(weights, WEIGHT_KEYS, 'weights.', problem) : Weights }),
    ...(Check === undefined ? {} : { Check: check(Check, 'check') }),
    ...(checks.length === 0 ? {} : { Checks: checks.map((entry, index) => check(entry, `checks.${index}`)) }),
  };
}

/**
 * Reads a check: bare as the HTTP API takes it, or in `{"check": …}` as the agent's files have it, in either
 * spelling. A key that Consul does not know is a problem, and so is a check that asks nothing.
 */
export function parseCheckFile(text: string, problem: (problem: SettingProblem) => void): CheckDefinition {
  const parsed = parseJson(text, '--check', problem);
  if (parsed === undefined) return {};
  const outer = fieldsOf(parsed);
  const [[key = '', value] = [], ...others] = Object.entries(outer ?? {});
  const check = others.length === 0 && /^check$/i.test(key) ? fieldsOf(value) : outer;
  if (check && Object.keys(check).length > 0) return spell(check, CHECK_KEYS, 'check.', problem);
  problem({ path: '--check', message: 'not an object with one check definition; say --no-check for none' });
  return {};
}

function parseJson(text: string, path: string, problem: (problem: SettingProblem) => void): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    problem({ path, message: `not JSON: ${quote(messageOf(error), 200)}` });
    return undefined;
  }
}

/** The one service definition in what was parsed, or what is wrong with it. */
function unwrap(parsed: unknown): Fields | string {
  const outer = fieldsOf(parsed);
  if (!outer) return NO_DEFINITION;
  const [[key = '', value] = [], ...others] = Object.entries(outer);
  if (others.length > 0 || !/^services?$/i.test(key)) return outer;
  const entries: readonly unknown[] = /s$/i.test(key) && Array.isArray(value) ? value : [value];
  if (entries.length !== 1) return `it has ${entries.length} services; register one at a time`;
  return fieldsOf(entries[0]) ?? NO_DEFINITION;
}

const NO_DEFINITION = 'not an object with one service definition';

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
  problem: (problem: SettingProblem) => void,
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
