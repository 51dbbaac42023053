// Resolves host names for a run, within a time, and remembers the last answers in a warm environment.
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { parseAddress } from '../model/address.js';
import { messageOf } from '../model/errors.js';
import { NotResolvedError, type Resolve } from '../model/resolve.js';
import { showMs } from '../model/text.js';
import { systemClock } from './system-clock.js';

export interface ResolveOptions {
  /** Longest wait for one name, in milliseconds. */
  readonly timeoutMs: number;
  /** Every A and AAAA record of a name; as the machine does (hosts file, then DNS) by default. */
  readonly find?: (name: string, timeoutMs: number) => Promise<readonly string[]>;
}

/**
 * A resolver. Throws NotResolvedError, with the last answer in this environment, when a name has no usable
 * address now or takes too long. That answer may be older than what HAProxy holds: it is a hint only.
 */
export function makeResolve({ timeoutMs, find = findAsTheMachine() }: ResolveOptions): Resolve {
  const remembered = new Map<string, readonly string[]>();
  return async (name) => {
    try {
      const late = (): Error => new Error(`no answer within ${showMs(timeoutMs)}`);
      const found = await systemClock.within(timeoutMs, find(name, timeoutMs), late);
      const usable = found.flatMap((address) => parseAddress(address)?.text ?? []);
      if (usable.length === 0) throw new Error('no usable address among the answers');
      remembered.set(name, usable);
      return usable;
    } catch (error) {
      throw new NotResolvedError(messageOf(error), remembered.get(name) ?? []);
    }
  };
}

const HOSTS_FILE = '/etc/hosts';
/** Without an answer, a question is asked a second time after half of the time. */
const TRIES = 2;
/** Errors of DNS that mean "there is no such name": the machine may know it in another way. */
const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA']);
const LOCAL_NAME = /^(?:[^.]+|.*\.local|.*\.localhost)$/;

/**
 * Asks name servers directly: `dns.lookup` runs in one of four threads, which names that nobody answers
 * for would hold for many seconds, from each other and from every connection to a host name (libuv's
 * thread pool). It is asked only for what DNS does not know at once, and for local names.
 */
function findAsTheMachine(): NonNullable<ResolveOptions['find']> {
  return async (name, timeoutMs) => {
    if (LOCAL_NAME.test(name) || (await isInHostsFile(name))) return lookUp(name);
    const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / TRIES), tries: TRIES });
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    const other = reasons.find((reason) => !NO_SUCH_NAME.has(reason?.code));
    if (other !== undefined) throw other;
    return lookUp(name);
  };
}

async function lookUp(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

async function isInHostsFile(name: string): Promise<boolean> {
  const text = await readFile(HOSTS_FILE, 'utf8').catch(() => '');
  return text.split('\n').some((line) => {
    const [, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    return names.includes(name);
  });
}
