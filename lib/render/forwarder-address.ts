// Where a forwarder listens, from the URL by which it is told. Pure.
import { parseAddress } from '../model/address.js';
import { ConfigError } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { quote } from '../model/text.js';

export interface ForwarderAddress {
  /** The URL without a path: `/notify` follows it. */
  readonly url: string;
  /** `host:port`, for `--listen`. */
  readonly listen: string;
  /** Others than its own host reach it: `--allow-remote`. */
  readonly allowRemote: boolean;
}

/** Throws ConfigError for a URL at which the rendered forwarder could not be reached. */
export function forwarderAddress(text: string): ForwarderAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.href !== `${url.origin}/` || !parseAddress(url.hostname))
    throw refused(`${quote(text)} is no URL of a forwarder; use http://HOST:PORT`);
  const port = Number(url.port || 80);
  if (port < 1024) throw refused(`${quote(text)} has port ${port}; use one from 1024: it has no rights`);
  return { url: url.origin, listen: url.host, allowRemote: !isLoopback(url.hostname) };
}

function refused(message: string): ConfigError {
  return new ConfigError('arguments', [{ path: '--forwarder', message }]);
}
