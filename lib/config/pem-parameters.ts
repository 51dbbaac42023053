// Certificates and keys from SSM parameters: `HAPROXY_CLIENT_KEY=ssm:/iri-lb/key` becomes the PEM text itself.
import type { DeadlineClock } from '../model/clock.js';
import { ConfigError, failureOf, type SettingProblem } from '../model/errors.js';
import { type ReadParameter, readWithin, ssmParameters } from './ssm.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that name a PEM file; a function has no files but its own. */
const PEM_VARIABLES = [
  'CONSUL_CACERT',
  'CONSUL_CLIENT_CERT',
  'CONSUL_CLIENT_KEY',
  'HAPROXY_CACERT',
  'HAPROXY_CLIENT_CERT',
  'HAPROXY_CLIENT_KEY',
] as const;

const SCHEME = 'ssm:';
const FETCH_TIMEOUT_MS = 5_000;

export interface ParameterOptions {
  /** Longest time for one parameter, in milliseconds. */
  readonly timeoutMs?: number;
  /** Name to value of what was read before: where SSM allows one call a second, a later try needs the others only. */
  readonly kept?: Map<string, string>;
}

/**
 * The environment with every `ssm:NAME` among the PEM variables replaced by the parameter's value, for
 * readSettings. All are fetched at once, and nothing is where none is named. Throws ConfigError with
 * every parameter that cannot be read or holds no PEM text; no value is ever part of it.
 */
export async function withParameters(
  env: Environment,
  clock: Pick<DeadlineClock, 'within'>,
  fetch: ReadParameter = ssmParameters(),
  { timeoutMs = FETCH_TIMEOUT_MS, kept = new Map() }: ParameterOptions = {},
): Promise<Environment> {
  const named = PEM_VARIABLES.filter((variable) => env[variable]?.startsWith(SCHEME));
  if (named.length === 0) return env;
  const problems: SettingProblem[] = [];
  const values = await Promise.all(
    named.map(async (variable): Promise<[string, string]> => {
      const name = env[variable]?.slice(SCHEME.length) ?? '';
      try {
        const value = kept.get(name) ?? (await readWithin(clock, fetch, name, timeoutMs)).trimStart();
        if (!value.startsWith('-----BEGIN ')) throw new Error('its value is no PEM text');
        kept.set(name, value);
        return [variable, value];
      } catch (error) {
        const { detail, nextStep } = failureOf(error);
        const message = `parameter ${name}: ${detail}`;
        problems.push(nextStep === '' ? { path: variable, message } : { path: variable, message, nextStep });
        return [variable, ''];
      }
    }),
  );
  if (problems.length > 0) throw new ConfigError('configuration', problems);
  return { ...env, ...Object.fromEntries(values) };
}
