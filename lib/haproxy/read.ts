// Reads one HAProxy: process and listings of the backends, joined; through a connection handed in.
import { failureOf, messageOf } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { DetailsOfBackend, Observed, ObservedServer } from '../model/server.js';
import { quote } from '../model/text.js';
import { showServersState, showStat } from './commands.js';
import { HAProxyError } from './errors.js';
import {
  backendIdOf,
  joinListings,
  parseInfo,
  parseServersState,
  parseStat,
  type ServerStateRow,
} from './listings.js';

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
  const { observed, errors } = await readAll(connection, backends);
  for (const error of errors.values()) throw error;
  return observed;
}

/** Makes what people ask of a backend's servers from the answer to `show stat`. */
export type ParseDetails = (stat: string) => DetailsOfBackend;

/** The same, but a backend that cannot be read fails alone: it is in `failures`. With details where they are wanted. */
export async function readWhatIsThere(
  connection: RuntimeConnection,
  backends: readonly string[],
  parseDetails?: ParseDetails,
): Promise<Observed> {
  const { observed, errors } = await readAll(connection, backends, parseDetails);
  if (errors.size === 0) return observed;
  const failures = new Map([...errors].map(([backend, error]) => [backend, problemOf(error)]));
  return { ...observed, failures };
}

const problemOf = (error: HAProxyError): Problem => {
  return { code: 'haproxy-failed', address: error.address, kind: error.kind, ...failureOf(error) };
};

interface Read {
  readonly observed: Observed;
  /** By backend. */
  readonly errors: ReadonlyMap<string, HAProxyError>;
}

async function readAll(
  connection: RuntimeConnection,
  backends: readonly string[],
  parseDetails?: ParseDetails,
): Promise<Read> {
  for (let read = 1; ; read += 1) {
    const states = new EarlyListings(connection, parseServersState);
    const stats = new EarlyListings(connection, parseStat);
    const answers = await connection.send(
      ['show info', ...backends.flatMap((backend) => [showServersState(backend), showStat(backend)])],
      (answer, index) => {
        if (index > 0) (index % 2 === 1 ? states : stats).early(answer, index);
      },
    );
    const process = parsed(connection, answers[0] ?? '', parseInfo);
    if (process.stopping)
      throw new HAProxyError(
        connection.name,
        'stopping',
        `process ${process.pid} is being replaced (Stopping: 1)`,
      );
    const errors = new Map<string, HAProxyError>();
    const listed = new Map<string, readonly ObservedServer[]>();
    const texts = new Map<string, string>();
    const details = new Map<string, DetailsOfBackend>();
    let torn = '';
    for (const [at, backend] of backends.entries()) {
      const [state, stat] = [1 + 2 * at, 2 + 2 * at];
      try {
        const rows = states.rows(backend, answers[state] ?? '', state);
        let statText = answers[stat] ?? '';
        let statRows = stats.rows(backend, statText, stat);
        if (statRows.length === 0 && rows.length > 0) {
          statText = await statById(connection, backend, answers[state] ?? '');
          statRows = parsed(connection, statText, parseStat);
        }
        const servers = joinListings(rows, statRows);
        texts.set(backend, answers[state] ?? '');
        if (servers) listed.set(backend, servers);
        else torn = backend;
        if (servers && parseDetails) details.set(backend, parseDetails(statText));
      } catch (error) {
        if (!(error instanceof HAProxyError) || !BACKENDS_OWN.has(error.kind)) throw error;
        errors.set(backend, error);
      }
    }
    if (torn !== '' && read < MAX_READS) continue;
    if (torn !== '') errors.set(torn, disagreed(connection, torn));
    return {
      observed: { process, backends: listed, texts, ...(parseDetails ? { details } : {}) },
      errors,
    };
  }
}

/** Kinds of failures that concern one backend. */
const BACKENDS_OWN: ReadonlySet<string> = new Set(['no-backend', 'listing']);

function disagreed({ name }: RuntimeConnection, backend: string): HAProxyError {
  const detail = `backend ${backend}: its two listings disagreed ${MAX_READS} times`;
  return new HAProxyError(name, 'listing', detail, 'is somebody adding and deleting servers?');
}

/**
 * `show stat NAME` answers for the first proxy of that name, which may be a frontend, and lists no server of it;
 * the id is exact. A backend that is `disabled` has no statistics either way.
 */
async function statById(connection: RuntimeConnection, backend: string, states: string): Promise<string> {
  const [answer = ''] = await connection.send([showStat(backendIdOf(states) ?? backend)]);
  if (parsed(connection, answer, parseStat).length > 0) return answer;
  const detail = `backend ${backend} is disabled`;
  throw new HAProxyError(
    connection.name,
    'no-backend',
    detail,
    'take "disabled" out of its section and reload',
  );
}

/** The statistics of a backend's servers as HAProxy gives them, whatever has its name. */
export async function readStat(connection: RuntimeConnection, backend: string): Promise<string> {
  const [states = ''] = await connection.send([showServersState(backend)]);
  const [stat = ''] = await connection.send([showStat(backendIdOf(states) ?? backend)]);
  return stat;
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
