// Reads one HAProxy: process and listings of the backends, joined; through a connection handed in.
import { messageOf } from '../model/errors.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { Observed } from '../model/server.js';
import { quote } from '../model/text.js';
import { showServersState, showStat } from './commands.js';
import { HAProxyError } from './errors.js';
import { joinListings, parseInfo, parseServersState, parseStat, type ServerStateRow } from './listings.js';

/** Listings are not atomic: how often a torn one is read again. */
const MAX_READS = 5;

/**
 * Reads the process and the servers of the backends. Throws HAProxyError: `stopping` when the process is
 * being replaced, `no-backend`, `permission`, and `listing` for what cannot be understood.
 */
export async function readHAProxy(
  connection: RuntimeConnection,
  backends: readonly string[],
): Promise<Observed> {
  for (let read = 1; read <= MAX_READS; read += 1) {
    const commands = backends.flatMap((backend) => [showServersState(backend), showStat(backend)]);
    const all = ['show info', ...commands];
    const states = new EarlyListings(connection, parseServersState);
    const stats = new EarlyListings(connection, parseStat);
    const answers = await connection.send(all, (answer, index) => {
      if (index > 0) (index % 2 === 1 ? states : stats).early(answer, index);
    });
    const process = parsed(connection, answers[0] ?? '', parseInfo);
    if (process.stopping)
      throw new HAProxyError(
        connection.name,
        'stopping',
        `process ${process.pid} is being replaced (Stopping: 1)`,
      );
    const listed = backends.map((backend, at) => {
      const [state, stat] = [1 + 2 * at, 2 + 2 * at];
      return joinListings(
        states.rows(backend, answers[state] ?? '', state),
        stats.rows(backend, answers[stat] ?? '', stat),
      );
    });
    if (listed.every((servers) => servers !== undefined)) {
      return { process, backends: new Map(backends.map((backend, index) => [backend, listed[index] ?? []])) };
    }
  }
  throw new HAProxyError(
    connection.name,
    'listing',
    `its two listings disagreed ${MAX_READS} times`,
    'is somebody adding and deleting servers?',
  );
}

/** Addresses and states of one backend, from the answer to `show servers state`: the cheap listing. */
export function parseAddresses(
  connection: RuntimeConnection,
  backend: string,
  answer: string,
): ServerStateRow[] {
  refuse(connection, backend, answer);
  return parsed(connection, answer, parseServersState);
}

/** Listings that are parsed as they come, while HAProxy makes the next; what is wrong is told afterwards. */
class EarlyListings<T> {
  private readonly parsed = new Map<number, T>();

  constructor(
    private readonly connection: RuntimeConnection,
    private readonly parse: (text: string) => T,
  ) {}

  early(answer: string, index: number): void {
    try {
      this.parsed.set(index, this.parse(answer));
    } catch {
      // `rows` parses it again, and says for which backend.
    }
  }

  rows(backend: string, answer: string, index: number): T {
    const early = this.parsed.get(index);
    if (early !== undefined) return early;
    refuse(this.connection, backend, answer);
    return parsed(this.connection, answer, this.parse);
  }
}

function refuse({ name }: RuntimeConnection, backend: string, answer: string): void {
  if (/^(?:Can't find backend|No such proxy)/.test(answer)) {
    const next = 'declare it (iri-lb render haproxy shows how) or change the pools in LB_CONFIG';
    throw new HAProxyError(name, 'no-backend', `has no backend ${backend}`, next);
  }
  if (/^Permission denied/.test(answer)) throw permissionError(name, 'show');
}

/** HAProxy answered `Permission denied`. */
export function permissionError(name: string, command: string): HAProxyError {
  const detail = `${quote(command)} was answered "Permission denied"`;
  return new HAProxyError(name, 'permission', detail, 'give its stats socket "level admin"');
}

function parsed<T>({ name }: RuntimeConnection, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new HAProxyError(name, 'listing', messageOf(error));
  }
}
