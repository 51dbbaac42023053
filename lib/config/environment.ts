// Turns environment variables into settings; every problem is reported at once. Reads files it is pointed to.
import type * as v from 'valibot';
import { type AdminAddress, parseAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { ConfigError, type SettingProblem } from '../model/errors.js';
import { quote } from '../model/text.js';
import { type ConsulSettings, readConsul } from './consul-environment.js';
import { readLbConfig } from './lb-config.js';
import { type Config, configSchema } from './pools.js';
import {
  type Environment,
  list,
  type SettingReader,
  settingReader,
  type TlsFiles,
  withoutUser,
} from './reading.js';

/** `C` says how much of LB_CONFIG is read. */
export interface Settings<C extends Config = Config> {
  readonly consul: ConsulSettings;
  readonly haproxy: {
    readonly addresses: readonly AdminAddress[];
    /** Sockets for what only looks, in the order of `addresses`; undefined: the same ones. */
    readonly readAddresses?: readonly SocketAddress[];
    readonly tls: TlsFiles;
  };
  readonly config: C;
}

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
  const reader = settingReader(env, problems);
  const consul = readConsul(env, reader);
  const named = list(env.HAPROXY_ADDRESSES, 'unix:/run/haproxy/iri-lb.sock');
  if (named.length === 0)
    reader.problem('HAPROXY_ADDRESSES', 'names no address', 'use unix:/path or tcp://host:port');
  const readers = readReadAddresses(env, named, reader);
  const settings: Settings<C> = {
    consul,
    haproxy: {
      addresses: named.flatMap(
        (entry) =>
          parseAdminAddress(entry) ??
          reader.problem(
            'HAPROXY_ADDRESSES',
            `${quote(withoutUser(entry))} is not an address`,
            'use tcp://host:port, tls://host:port, unix:/path or consul:SERVICE',
          ) ??
          [],
      ),
      ...(readers ? { readAddresses: readers } : {}),
      tls: reader.tlsFiles('HAPROXY_CACERT', 'HAPROXY_CLIENT_CERT', 'HAPROXY_CLIENT_KEY'),
    },
    config: readLbConfig(schema, env.LB_CONFIG, problems),
  };
  if (problems.length > 0) throw new ConfigError('configuration', problems);
  return settings;
}

/** `HAPROXY_READ_ADDRESSES`: as many as there are load balancers, each a socket that can be connected to. */
function readReadAddresses(
  env: Environment,
  loadBalancers: readonly string[],
  reader: SettingReader,
): SocketAddress[] | undefined {
  const named = list(env.HAPROXY_READ_ADDRESSES, '');
  if (named.length === 0) return undefined;
  const tell = (what: string, next: string): void => reader.problem('HAPROXY_READ_ADDRESSES', what, next);
  if (loadBalancers.some((entry) => entry.startsWith('consul:')))
    tell('needs load balancers that are named', 'name them in HAPROXY_ADDRESSES in place of consul:SERVICE');
  else if (named.length !== loadBalancers.length)
    tell(
      `names ${named.length}, HAPROXY_ADDRESSES ${loadBalancers.length}`,
      'name a socket of "level user" for each, in the same order',
    );
  return named.flatMap((entry) => {
    const address = parseAdminAddress(entry);
    if (address && address.kind !== 'consul') return address;
    const what = address ? 'cannot be looked up' : 'is not an address';
    tell(`${quote(withoutUser(entry))} ${what}`, 'use tcp://host:port, tls://host:port or unix:/path');
    return [];
  });
}
