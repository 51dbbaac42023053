// The Consul token: from the environment, a file, or the SSM parameter store, kept for a while.
import { readFile, stat } from 'node:fs/promises';
import type { ConsulSettings } from '../config/consul-environment.js';
import { type ReadParameter, readWithin, ssmParameters } from '../config/ssm.js';
import type { DeadlineClock } from '../model/clock.js';
import { codeOf, failureOf, messageOf, NextStepError } from '../model/errors.js';
import { isToken, showName } from '../model/text.js';

/** Where the token comes from. Errors name the parameter and never hold its value. */
export interface TokenSource {
  /** For messages: the parameter's or the variable's name. */
  readonly name: string;
  /** The token, from memory where it is fresh enough; undefined where none is configured. */
  get(): Promise<string | undefined>;
  /** The token as it is now; for when Consul refused the one from memory. */
  refresh(): Promise<string | undefined>;
}

/** The parameter or the file could not be read, or holds no token. */
export class ParameterError extends NextStepError {
  override readonly name = 'ParameterError';
  constructor(
    /** `parameter /iri-lb/token`, or `file /run/token`. */
    readonly parameter: string,
    detail: string,
    nextStep: string,
  ) {
    super(parameter, detail, nextStep);
  }
}

export interface TokenOptions {
  readonly clock: DeadlineClock;
  /** Longest time one fetch may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** Fetches a parameter's value; throws errors with a message for people. */
  readonly fetch?: ReadParameter;
  /** Told, in one line, that an old token is used. */
  readonly log?: (line: string) => void;
}

export const PARAMETER_VARIABLE = 'CONSUL_HTTP_TOKEN_PARAMETER';
const FRESH_MS = 5 * 60_000;
/** While the store is down, it is asked only this often: each try costs a run its time. */
const ASK_AGAIN_MS = 30_000;
const FETCH_TIMEOUT_MS = 3_000;

/** The token that `settings` names: the parameter where there is one, else the file, else the variable, else none. */
export function makeTokenSource(settings: ConsulSettings, options: TokenOptions): TokenSource {
  const { token, tokenFile, tokenParameter } = settings;
  if (tokenParameter !== undefined) return parameterSource(tokenParameter, options);
  if (tokenFile !== undefined) return fileSource(tokenFile, tokenName(settings), options);
  const get = async (): Promise<string | undefined> => token;
  return { name: tokenName(settings), get, refresh: get };
}

/** What to check when the token is at fault: the name of the parameter or of the variable. */
export function tokenName({ token, tokenFile, tokenParameter }: ConsulSettings): string {
  if (tokenParameter !== undefined) return `parameter ${tokenParameter}`;
  if (tokenFile !== undefined) return `file ${showName(tokenFile)} (CONSUL_HTTP_TOKEN_FILE)`;
  return token === undefined
    ? 'CONSUL_HTTP_TOKEN_PARAMETER or CONSUL_HTTP_TOKEN (neither is set)'
    : 'CONSUL_HTTP_TOKEN';
}

function parameterSource(parameter: string, options: TokenOptions): TokenSource {
  const { clock, timeoutMs = FETCH_TIMEOUT_MS, fetch = ssmParameters(PARAMETER_VARIABLE), log } = options;
  let kept: { readonly token: string; freshUntil: number } | undefined;
  let inFlight: Promise<string> | undefined;

  const refresh = (): Promise<string> => {
    inFlight ??= fetchToken(parameter, fetch, timeoutMs, clock)
      .then((token) => {
        kept = { token, freshUntil: clock.wallMs() + FRESH_MS };
        return token;
      })
      .finally(() => {
        inFlight = undefined;
      });
    return inFlight;
  };

  const get = async (): Promise<string> => {
    const old = kept;
    if (old && clock.wallMs() < old.freshUntil) return old.token;
    try {
      return await refresh();
    } catch (error) {
      if (!old) throw error;
      old.freshUntil = clock.wallMs() + ASK_AGAIN_MS;
      log?.(`${messageOf(error)}; the token read before is used on`);
      return old.token;
    }
  };

  return { name: `parameter ${parameter}`, get, refresh };
}

/** Far longer than any token. */
const MAX_TOKEN_BYTES = 65_536;

/** Read each time: it costs little, and whoever keeps the file (Vault's agent, systemd) changes it when it must. */
function fileSource(path: string, name: string, { log }: TokenOptions): TokenSource {
  let kept: string | undefined;
  const refresh = async (): Promise<string> => {
    kept = await readTokenFile(path, name);
    return kept;
  };
  const get = async (): Promise<string> => {
    const old = kept;
    try {
      return await refresh();
    } catch (error) {
      if (old === undefined) throw error;
      log?.(`${messageOf(error)}; the token read before is used on`);
      return old;
    }
  };
  return { name, get, refresh };
}

async function readTokenFile(path: string, name: string): Promise<string> {
  let text: string;
  try {
    const { size } = await stat(path);
    text = size > MAX_TOKEN_BYTES ? '' : (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new ParameterError(
      name,
      `cannot be read (${codeOf(error)})`,
      'name a file that holds the SecretID',
    );
  }
  if (!isToken(text)) throw new ParameterError(name, 'its content is no token', 'store the SecretID alone');
  return text;
}

async function fetchToken(
  parameter: string,
  fetch: ReadParameter,
  timeoutMs: number,
  clock: DeadlineClock,
): Promise<string> {
  try {
    const value = (await readWithin(clock, fetch, parameter, timeoutMs)).trim();
    if (!isToken(value)) throw new NextStepError('', 'its value is no token', 'store the SecretID alone');
    return value;
  } catch (error) {
    const { detail, nextStep } = failureOf(error);
    throw new ParameterError(`parameter ${parameter}`, detail, nextStep);
  }
}
