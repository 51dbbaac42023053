// Turns the variables of Consul's own tools into settings: each is honoured, or refused by its name. Reads files it is pointed to.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../model/errors.js';
import { isToken, quote } from '../model/text.js';
import {
  type Environment,
  list,
  optional,
  type SettingReader,
  type TlsFiles,
  withoutUser,
} from './reading.js';

export interface ConsulSettings {
  /** Base addresses (`http://127.0.0.1:8500`, `https://consul/path`, `unix:/path`), tried in turn. */
  readonly addresses: readonly string[];
  /** Secret. From `CONSUL_HTTP_TOKEN`; for local use. */
  readonly token?: string;
  /** File that holds the token, read again when it changes; wins over `token`, as in Consul's tools. */
  readonly tokenFile?: string;
  /** Name of the SSM SecureString that holds the token; wins over both. */
  readonly tokenParameter?: string;
  /** Secret. `user:password`, for a proxy in front of Consul. */
  readonly auth?: string;
  readonly tls: TlsFiles & { readonly serverName?: string; readonly isUnverified?: true };
  readonly namespace?: string;
  readonly partition?: string;
  readonly datacenter?: string;
}

const DEFAULT = 'http://127.0.0.1:8500';
const ADDRESS = 'use http://host:port, https://host:port (with a path, where Consul has one) or unix:///path';

export function readConsul(env: Environment, reader: SettingReader): ConsulSettings {
  const { problem } = reader;
  const isSecure = flag(env, 'CONSUL_HTTP_SSL', false, reader);
  const isVerified = flag(env, 'CONSUL_HTTP_SSL_VERIFY', true, reader);
  const named = list(env.CONSUL_HTTP_ADDR, DEFAULT);
  if (named.length === 0) problem('CONSUL_HTTP_ADDR', 'names no address', 'use http://host:port');
  const auth = env.CONSUL_HTTP_AUTH || undefined;
  if (auth !== undefined && !/^[^:\s]+:[\x21-\x7e]*$/.test(auth))
    problem('CONSUL_HTTP_AUTH', 'its value is no user and password', 'use user:password');
  return {
    addresses: named.flatMap(
      (entry) =>
        parseConsulAddress(entry, isSecure) ??
        problem('CONSUL_HTTP_ADDR', `${quote(withoutUser(entry))} is not an address`, ADDRESS) ??
        [],
    ),
    ...optional({
      token: readToken(env, reader),
      tokenFile: env.CONSUL_HTTP_TOKEN_FILE || undefined,
      tokenParameter: env.CONSUL_HTTP_TOKEN_PARAMETER || undefined,
      auth,
      namespace: env.CONSUL_NAMESPACE || undefined,
      partition: env.CONSUL_PARTITION || undefined,
      datacenter: env.CONSUL_DATACENTER || undefined,
    }),
    tls: optional({
      ...reader.tlsFiles('CONSUL_CACERT', 'CONSUL_CLIENT_CERT', 'CONSUL_CLIENT_KEY'),
      ...(env.CONSUL_CACERT ? {} : optional({ ca: authorities(env.CONSUL_CAPATH, reader) })),
      serverName: env.CONSUL_TLS_SERVER_NAME || undefined,
      isUnverified: isVerified ? undefined : (true as const),
    }),
  };
}

/** Often the content of a file, with its line end. */
function readToken(env: Environment, { problem }: SettingReader): string | undefined {
  const token = env.CONSUL_HTTP_TOKEN?.trim() || undefined;
  if (token !== undefined && !isToken(token))
    problem('CONSUL_HTTP_TOKEN', 'its value is no token', 'give the SecretID alone');
  return token;
}

/**
 * Printed back from what was parsed, without a slash at the end. `isSecure` makes plain HTTP HTTPS, as Consul's own
 * tools do: who asked for TLS does not have the token sent in plain text.
 */
function parseConsulAddress(text: string, isSecure: boolean): string | undefined {
  const socket = /^unix:(?:\/\/)?(\/[^\s?#]+)$/i.exec(text)?.[1];
  if (socket !== undefined) return `unix:${socket}`;
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  try {
    const url = new URL(withScheme);
    if (!/^https?:$/.test(url.protocol) || url.hostname === '') return undefined;
    if (url.username || url.password || url.search || url.hash) return undefined;
    // Not by `protocol`, which would take the port of the other scheme for its own.
    const origin = isSecure ? url.origin.replace(/^http:/, 'https:') : url.origin;
    return `${origin}${url.pathname.replace(/\/+$/, '')}`;
  } catch {
    return undefined;
  }
}

/** As Go's ParseBool, by which Consul's own tools read these. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function flag(env: Environment, name: string, standard: boolean, { problem }: SettingReader): boolean {
  const text = env[name] || undefined;
  if (text === undefined) return standard;
  if (!TRUE.has(text) && !FALSE.has(text))
    problem(name, `${quote(text)} is no truth value`, 'use true or false');
  return TRUE.has(text);
}

/** Every certificate of a directory, as one text. */
function authorities(folder: string | undefined, { problem }: SettingReader): string | undefined {
  if (!folder) return undefined;
  try {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const texts = files.map(({ name }) => readFileSync(join(folder, name), 'utf8'));
    const certificates = texts.filter((text) => text.includes('-----BEGIN CERTIFICATE-----'));
    if (certificates.length > 0) return certificates.join('\n');
    return problem('CONSUL_CAPATH', `no certificate in ${quote(folder)}`, 'name a directory of PEM files');
  } catch (error) {
    return problem(
      'CONSUL_CAPATH',
      `cannot read ${quote(folder)} (${codeOf(error)})`,
      'name a directory of PEM files',
    );
  }
}
