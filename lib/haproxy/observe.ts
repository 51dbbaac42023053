// Reads one HAProxy: process and listings of the backends, joined; through a connection handed in.

import { messageOf } from '../errors.js';
import { joinListings, type Observed, type ObservedServer } from '../reconcile/observed.js';
import type { RuntimeConnection } from '../reconcile/ports.js';
import { quote } from '../text.js';
import { showServersState, showStat } from './commands.js';
import { HAProxyError, ListingError, PermissionError, StoppingError } from './errors.js';
import { parseInfo, parseServersState, parseStat } from './listings.js';

/** Listings are not atomic: how often a torn one is read again. */
const MAX_READS = 5;

/**
 * Reads the process and the servers of the backends. Throws StoppingError when the process is being
 * replaced, HAProxyError for a backend it lacks, ListingError for what cannot be understood.
 */
export async function observe(connection: RuntimeConnection, backends: readonly string[]): Promise<Observed> {
  for (let read = 1; read <= MAX_READS; read += 1) {
    const commands = backends.flatMap((backend) => [showServersState(backend), showStat(backend)]);
    const [info = '', ...answers] = await connection.send(['show info', ...commands]);
    const process = parsed(connection, info, parseInfo);
    if (process.stopping)
      throw new StoppingError(connection.name, `process ${process.pid} is being replaced (Stopping: 1)`);
    const listed = backends.map((backend, index) =>
      joined(connection, backend, answers[2 * index] ?? '', answers[2 * index + 1] ?? ''),
    );
    if (listed.every((servers) => servers !== undefined)) {
      return { process, backends: new Map(backends.map((backend, index) => [backend, listed[index] ?? []])) };
    }
  }
  throw new ListingError(
    connection.name,
    `its two listings disagreed ${MAX_READS} times; is somebody adding and deleting servers?`,
  );
}

/** Addresses and states of one backend, without maxconn: the cheap listing. */
export async function observeAddresses(connection: RuntimeConnection, backend: string) {
  const [answer = ''] = await connection.send([showServersState(backend)]);
  refuse(connection, backend, answer);
  return parsed(connection, answer, parseServersState);
}

function joined(
  connection: RuntimeConnection,
  backend: string,
  states: string,
  stats: string,
): ObservedServer[] | undefined {
  refuse(connection, backend, states);
  refuse(connection, backend, stats);
  return joinListings(parsed(connection, states, parseServersState), parsed(connection, stats, parseStat));
}

function refuse({ name }: RuntimeConnection, backend: string, answer: string): void {
  if (/^(?:Can't find backend|No such proxy)/.test(answer)) {
    const next = 'declare it (iri-lb render haproxy shows how) or change the pools in LB_CONFIG';
    throw new HAProxyError(name, `has no backend ${backend}; ${next}`);
  }
  if (/^Permission denied/.test(answer)) throw new PermissionError(name, permissionText('show'));
}

/** What to do about `Permission denied`. */
export function permissionText(command: string): string {
  return `${quote(command)} was answered "Permission denied"; give its stats socket "level admin"`;
}

function parsed<T>({ name }: RuntimeConnection, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new ListingError(name, messageOf(error));
  }
}
