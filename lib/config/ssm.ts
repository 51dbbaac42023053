// Reads one SecureString from SSM, with a client that is loaded only when it is needed (the SDK has 540 kB).
import type { LookupFunction } from 'node:net';
import type { DeadlineClock } from '../model/clock.js';
import { NextStepError } from '../model/errors.js';
import { showMs } from '../model/text.js';
import type { ReadParameter } from './ssm-client.js';

export type { ReadParameter } from './ssm-client.js';

/**
 * Reads a parameter, for at most `timeoutMs` milliseconds; then it throws, too. A race as well as a
 * signal: looking for credentials does not listen to one.
 */
export async function readWithin(
  clock: Pick<DeadlineClock, 'within'>,
  read: ReadParameter,
  name: string,
  timeoutMs: number,
): Promise<string> {
  const abort = new AbortController();
  const late = (): Error =>
    new NextStepError(
      '',
      `no answer within ${showMs(timeoutMs)}`,
      'is the SSM endpoint reachable from here?',
    );
  try {
    return await clock.within(timeoutMs, read(name, abort.signal), late);
  } finally {
    abort.abort();
  }
}

/**
 * Returns what reads the decrypted value of a parameter. Region, credentials and endpoint
 * (`AWS_ENDPOINT_URL_SSM`) come from the environment. It throws an Error whose message says what is
 * wrong and what to do about it; `variable` is the one that names the parameter;
 * `lookup` resolves the endpoint's name, as Node does by default.
 */
export function ssmParameters(variable = 'its name', lookup?: LookupFunction): ReadParameter {
  let client: ReadParameter | undefined;
  return async (name, signal) => {
    client ??= (await import('./ssm-client.js')).makeSsmClient(variable, lookup);
    return client(name, signal);
  };
}
