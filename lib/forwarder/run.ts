// Runs the forwarder in either form: listening until it is told to stop, or as a watch script, once.
import type { Readable } from 'node:stream';
import { printHostPort } from '../model/address.js';
import type { Clock } from '../model/clock.js';
import { isLoopback } from '../model/loopback.js';
import { quote } from '../model/text.js';
import { isIndex } from '../model/watch-event.js';
import { readArray } from './body.js';
import type { Delivery } from './delivery.js';
import type { ForwarderOptions } from './options.js';
import { makeServer } from './server.js';
import { targetUrl } from './target.js';

export interface RunDeps {
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/**
 * How long a watch script keeps trying, in milliseconds. Consul starts no other handler of its watch
 * before this one ends, and gives it no timeout; what happens meanwhile comes as one event afterwards.
 * By then the resync, every minute, has long done the work: for ever would only hide the failure.
 */
export const SCRIPT_PATIENCE_MS = 10 * 60_000;

/** Listens, sends one event for what happened before, and resolves when `stop` aborts. Throws if it cannot listen. */
export async function listen(
  { service, services, allowRemote, token, to }: ForwarderOptions,
  { host, port }: NonNullable<ForwarderOptions['listen']>,
  { delivery, log }: RunDeps,
  stop: AbortSignal,
): Promise<void> {
  const server = makeServer({ delivery, service, services, allowRemote, ...(token ? { token } : {}) });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  log(
    `forwarder: listening on http://${printHostPort(host, port)}, invoking ${nameOf(to)} for ${services.join(', ')}`,
  );
  if (allowRemote && !token)
    log('forwarder: whoever reaches this address can wake the function; --token-file asks them for a token');
  if (to.kind === 'target' && to.tokenFile && isInClear(to.url))
    log('forwarder: the token goes to the target in clear text; give an https:// target');
  delivery.push({ service, index: '0' });
  await new Promise<void>((resolve) => {
    const end = (): void => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    // It may have come while the port was being opened: nobody is told of it twice.
    if (stop.aborted) end();
    else stop.addEventListener('abort', end);
  });
}

function nameOf(to: ForwarderOptions['to']): string {
  return to.kind === 'lambda' ? to.functionName : targetUrl(to.url).href;
}

/** Whether others on the way could read what is sent there. */
function isInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}

/** Delivers the one event that Consul describes by `stdin` and CONSUL_INDEX. Throws when that cannot be done. */
export async function runScript(
  { service }: ForwarderOptions,
  stdin: Readable,
  index: string | undefined,
  { delivery, clock }: RunDeps,
): Promise<void> {
  if (index === undefined || !isIndex(index))
    throw new Error(`CONSUL_INDEX ${quote(index)} is no index; run me from a Consul watch, or with --listen`);
  const body = await readArray(stdin);
  if (body !== 'array')
    throw new Error(`stdin is no JSON array (${body}); the watch must be of type service`);
  delivery.push({ service, index });
  const late = clock.sleep(SCRIPT_PATIENCE_MS).then(() => 'late' as const);
  if ((await Promise.race([delivery.idle(), late])) !== 'late') return;
  const { failures, lastError } = delivery.status();
  throw new Error(`not delivered after ${failures} attempts (${lastError}); the resync takes over`);
}
