// Turns environment variables into settings; every problem is reported at once. Reads files it is pointed to.
import { readFileSync } from 'node:fs';
import type * as v from 'valibot';
import { type AdminAddress, parseAdminAddress } from '../model/admin-address.js';
import { ConfigError, codeOf, type SettingProblem } from '../model/errors.js';
import { isToken, quote } from '../model/text.js';
import { readLbConfig } from './lb-config.js';
import { type Config, configSchema } from './pools.js';

/** Certificates as PEM text. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface ConsulSettings {
  /** Base addresses (`http://127.0.0.1:8500`), tried in turn. */
  readonly addresses: readonly string[];
  /** Secret. From `CONSUL_HTTP_TOKEN`; for local use. */
  readonly token?: string;
  /** Name of the SSM SecureString that holds the token; wins over `token`. */
  readonly tokenParameter?: string;
  readonly tls: TlsFiles & { readonly serverName?: string };
  readonly namespace?: string;
  readonly datacenter?: string;
}

/** `C` says how much of LB_CONFIG is read. */
export interface Settings<C extends Config = Config> {
  readonly consul: ConsulSettings;
  readonly haproxy: { readonly addresses: readonly AdminAddress[]; readonly tls: TlsFiles };
  readonly config: C;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads what runs need. Throws ConfigError with every problem, each with the variable's name. */
export function readSettings(env: Environment): Settings {
  return readSettingsWith(configSchema, env);
}

/** Reads the same, and LB_CONFIG by a schema that reads more of it than runs do. */
export function readSettingsWith<C extends Config>(
  schema: v.GenericSchema<unknown, C>,
  env: Environment,
): Settings<C> {
  const problems: SettingProblem[] = [];
  const problem = (path: string, message: string, nextStep: string): undefined => {
    problems.push({ path, message, nextStep });
    return undefined;
  };
  const file = (name: string): string | undefined => {
    const path = env[name];
    if (!path) return undefined;
    if (path.startsWith('-----BEGIN ')) return path;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      return problem(name, `cannot read ${quote(path)} (${codeOf(error)})`, 'name a PEM file');
    }
  };

  // Often the content of a file, with its line end.
  const token = env.CONSUL_HTTP_TOKEN?.trim() || undefined;
  if (token !== undefined && !isToken(token))
    problem('CONSUL_HTTP_TOKEN', 'its value is no token', 'give the SecretID alone');
  const consulTls = optional({
    ca: file('CONSUL_CACERT'),
    cert: file('CONSUL_CLIENT_CERT'),
    key: file('CONSUL_CLIENT_KEY'),
    serverName: env.CONSUL_TLS_SERVER_NAME || undefined,
  });
  const settings: Settings<C> = {
    consul: {
      addresses: list(env.CONSUL_HTTP_ADDR, 'http://127.0.0.1:8500').flatMap(
        (entry) =>
          parseConsulAddress(entry) ??
          problem(
            'CONSUL_HTTP_ADDR',
            `${quote(withoutUser(entry))} is not an address`,
            'use http://host:port or https://host:port',
          ) ??
          [],
      ),
      ...optional({
        token,
        tokenParameter: env.CONSUL_HTTP_TOKEN_PARAMETER || undefined,
        namespace: env.CONSUL_NAMESPACE || undefined,
        datacenter: env.CONSUL_DATACENTER || undefined,
      }),
      tls: consulTls,
    },
    haproxy: {
      addresses: list(env.HAPROXY_ADDRESSES, 'tcp://127.0.0.1:9999').flatMap(
        (entry) =>
          parseAdminAddress(entry) ??
          problem(
            'HAPROXY_ADDRESSES',
            `${quote(withoutUser(entry))} is not an address`,
            'use tcp://host:port, tls://host:port, unix:/path or consul:SERVICE',
          ) ??
          [],
      ),
      tls: optional({
        ca: file('HAPROXY_CACERT'),
        cert: file('HAPROXY_CLIENT_CERT'),
        key: file('HAPROXY_CLIENT_KEY'),
      }),
    },
    config: readLbConfig(schema, env.LB_CONFIG, problems),
  };
  if (settings.consul.addresses.length === 0)
    problem('CONSUL_HTTP_ADDR', 'names no address', 'use http://host:port');
  if (settings.haproxy.addresses.length === 0)
    problem('HAPROXY_ADDRESSES', 'names no address', 'use tcp://host:port');
  if (problems.length > 0) throw new ConfigError('configuration', problems);
  return settings;
}

function parseConsulAddress(text: string): string | undefined {
  const withScheme = /^https?:\/\//.test(text) ? text : `http://${text}`;
  try {
    const url = new URL(withScheme);
    if (url.username || url.password || url.pathname !== '/' || url.search || url.hash) return undefined;
    return url.origin;
  } catch {
    return undefined;
  }
}

/** An address as it may be shown: a password in it is no business of logs. */
function withoutUser(address: string): string {
  return address.replace(/^(\w+:\/\/)?.*@/s, '$1…@');
}

function list(value: string | undefined, fallback: string): string[] {
  return (value || fallback)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Drops undefined members, so that optional properties are absent rather than undefined. */
function optional<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}
