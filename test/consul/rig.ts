// What the tests of the catalog client share: a client on the system clock, and an ear for secrets.
import { inspect } from 'node:util';
import type { ConsulSettings } from '../../lib/config/consul-environment.js';
import { type ConsulClient, makeConsulClient } from '../../lib/consul/client.js';
import { makeTokenSource, type TokenSource } from '../../lib/consul/token.js';
import { systemClock } from '../../lib/run/system-clock.js';

/** Everything that was logged or thrown, as deep as inspect goes. */
export const heard: string[] = [];

export const clock = {
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
  sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
};

export interface ClientOptions extends Omit<Partial<ConsulSettings>, 'addresses' | 'token'> {
  readonly token?: string | TokenSource;
  readonly timeoutMs?: number;
}

/** A catalog client on these addresses; what it logs is heard. */
export function client(addresses: readonly string[], options: ClientOptions = {}): ConsulClient {
  const { token, timeoutMs = 5_000, ...rest } = options;
  const settings: ConsulSettings = {
    tls: {},
    ...rest,
    addresses,
    ...(typeof token === 'string' ? { token } : {}),
  };
  return makeConsulClient({
    settings,
    token: typeof token === 'object' ? token : makeTokenSource(settings, { clock: systemClock }),
    timeoutMs,
    clock,
    random: () => 0,
    log: (line) => heard.push(line),
  });
}

/** The message of what `promise` is rejected with, after it was heard. Throws when it is not rejected. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    heard.push(inspect(error, { depth: null, showHidden: true }));
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  throw new Error(`not rejected, but ${inspect(value)}`);
}
