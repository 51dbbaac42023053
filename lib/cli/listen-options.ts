// Where a command listens, and who may ask there: flags that `serve` and `run` share, parsed; every problem at once.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { parseAddress, parseIp, parsePort, printHostPort } from '../model/address.js';
import { codeOf, messageOf } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { quote } from '../model/text.js';
import { DEFAULT_LISTEN } from '../run/local-run.js';
import type { AccessOptions } from '../serve/access.js';

/** As commander hands them over. */
export interface ListenFlags {
  readonly listen: string;
  readonly host?: readonly string[];
  readonly tokenFile?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly behindProxy?: boolean;
}

export interface Listen {
  readonly host: string;
  readonly port: number;
  readonly access: Omit<AccessOptions, 'token'>;
  readonly tokenFile?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

type Tell = (path: string, message: string) => void;

/** Undefined: off, or a problem was told. Certificates are read, the token file is not. */
export function readListen(flags: ListenFlags, tell: Tell): Listen | undefined {
  const { tokenFile, behindProxy = false } = flags;
  if (flags.listen === 'off') return undefined;
  const listen = parseListen(flags.listen);
  if (!listen) {
    tell('--listen', `${quote(flags.listen)} is no address; use ${DEFAULT_LISTEN}, or off`);
    return undefined;
  }
  const told = (flags.host ?? []).map((name) => name.toLowerCase());
  for (const name of told)
    if (!parseAddress(name))
      tell('--host', `${quote(name)} is no host; use a name or an address, without a port`);
  if (tokenFile === '') tell('--token-file', 'names no file; one that is not there is made');
  const tls = readTls(flags, tell);
  const { host, port } = listen;
  if (!isLoopback(host)) {
    const where = `${printHostPort(host, port)} is beyond this machine`;
    if (tokenFile === undefined) tell('--listen', `${where}; name a --token-file (it is made if missing)`);
    if (!flags.cert && !flags.key && !behindProxy)
      tell('--listen', `${where}; name --cert and --key, or say --behind-proxy where a proxy speaks TLS`);
    if (isAny(host) && told.length === 0)
      tell('--listen', `${where}, at every address; name with --host what browsers ask for`);
  }
  const hosts = [...told, ...(isAny(host) ? [] : [host])];
  return {
    ...listen,
    access: { hosts, tls: tls !== undefined, behindProxy },
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(tls ? { tls } : {}),
  };
}

const isAny = (host: string): boolean => host === '0.0.0.0' || host === '::';

function parseListen(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', digits] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text) ?? [];
  const address = parseIp(host.replace(/^\[|\]$/g, '')) ?? parseAddress(host);
  const port = parsePort(digits);
  return address && port ? { host: address.text, port } : undefined;
}

function readTls({ cert, key }: ListenFlags, tell: Tell): Listen['tls'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const lacks = cert === undefined ? '--cert' : '--key';
    tell(lacks, 'is missing; a certificate goes with its key');
    return undefined;
  }
  const read = (flag: string, path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      tell(flag, `${quote(path)} cannot be read (${codeOf(error)}); name a PEM file`);
      return undefined;
    }
  };
  const texts = { cert: read('--cert', cert), key: read('--key', key) };
  if (texts.cert === undefined || texts.key === undefined) return undefined;
  const tls = { cert: texts.cert, key: texts.key };
  try {
    createSecureContext(tls);
    return tls;
  } catch (error) {
    tell('--cert', `cannot be used with --key: ${messageOf(error)}`);
    return undefined;
  }
}
