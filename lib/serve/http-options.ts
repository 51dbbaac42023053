// The HTTP adapter's environment: where it listens, and the token that it asks for. Reads the file that it is pointed to.
import { readBearerToken } from '../config/bearer-token.js';
import { parsePort } from '../model/address.js';
import { ConfigError, type SettingProblem } from '../model/errors.js';
import { quote } from '../model/text.js';

export const USAGE = `Usage: PORT=8080 IRI_LB_TOKEN_FILE=FILE node dist/http.mjs

Serves both functions over HTTP, for any trigger: POST /watch, POST /resync (an empty body, or the event as JSON),
GET /health, GET /live. An answer comes when the run is over.
  PORT               8080 by default
  IRI_LB_TOKEN_FILE  take only requests with "Authorization: Bearer TOKEN", but for /live; the file holds TOKEN alone,
                     and is read again for each request. Without it: on 127.0.0.1 only
Consul, HAProxy and LB_CONFIG: as for the functions.
`;

export interface HttpOptions {
  readonly port: number;
  /** Undefined: all addresses of the host. */
  readonly host?: string;
  readonly tokenFile?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws ConfigError with every problem. */
export function readHttpOptions(env: Environment): HttpOptions {
  const problems: SettingProblem[] = [];
  const port = parsePort(env.PORT || '8080');
  if (port === undefined)
    problems.push({ path: 'PORT', message: `${quote(env.PORT)} is no port`, nextStep: 'give 1 to 65535' });
  const tokenFile = env.IRI_LB_TOKEN_FILE || undefined;
  const read = tokenFile === undefined ? undefined : readBearerToken(tokenFile);
  if (read && 'refused' in read) problems.push({ path: 'IRI_LB_TOKEN_FILE', message: read.refused });
  if (port === undefined || problems.length > 0) throw new ConfigError('http', problems);
  return tokenFile === undefined ? { port, host: '127.0.0.1' } : { port, tokenFile };
}
