// Turns environment variables into settings; every problem is reported at once. Reads files it is pointed to.
import type * as v from 'valibot';
import { type AdminAddress, parseAdminAddress } from '../model/admin-address.js';
import { ConfigError, type SettingProblem } from '../model/errors.js';
import { quote } from '../model/text.js';
import { type ConsulSettings, readConsul } from './consul-environment.js';
import { readLbConfig } from './lb-config.js';
import { type Config, configSchema } from './pools.js';
import { type Environment, list, settingReader, type TlsFiles, withoutUser } from './reading.js';

/** `C` says how much of LB_CONFIG is read. */
export interface Settings<C extends Config = Config> {
  readonly consul: ConsulSettings;
  readonly haproxy: { readonly addresses: readonly AdminAddress[]; readonly tls: TlsFiles };
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
      tls: reader.tlsFiles('HAPROXY_CACERT', 'HAPROXY_CLIENT_CERT', 'HAPROXY_CLIENT_KEY'),
    },
    config: readLbConfig(schema, env.LB_CONFIG, problems),
  };
  if (problems.length > 0) throw new ConfigError('configuration', problems);
  return settings;
}
