// Finds a host name as the machine does: hosts file, then name servers with its search domains, then its own resolver.
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { codeOf } from '../model/errors.js';

const HOSTS_FILE = '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';
/** Without an answer, a question is asked a second time after half of the time. */
const TRIES = 2;
/** Errors of DNS that mean "there is no such name": the machine may know it in another way. */
const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA']);
/** Domains tried for a name, as glibc does (resolv.conf(5)). */
const MAX_DOMAINS = 6;

/**
 * Asks name servers directly: `dns.lookup` runs in one of four threads, which names that nobody answers
 * for would hold for many seconds, from each other and from every connection to a host name (libuv's
 * thread pool). It is asked only for what DNS says at once that it does not know, and for one name at a time.
 */
export function findAsTheMachine(): (name: string, timeoutMs: number) => Promise<readonly string[]> {
  const lookUp = oneAtATime(async (name: string) =>
    (await lookup(name, { all: true })).map(({ address }) => address),
  );
  return async (name, timeoutMs) => {
    const listed = await inHostsFile(name);
    if (listed.length > 0) return listed;
    if (/(?:^|\.)localhost$/.test(name)) return ['127.0.0.1', '::1'];
    // Multicast DNS (RFC 6762) is no name server's.
    if (/\.local$/.test(name)) return lookUp(name);
    const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / TRIES), tries: TRIES });
    const domains = name.includes('.') ? [] : await searchDomains();
    const asked = await Promise.all(
      [...domains.map((domain) => `${name}.${domain}`), name].map((full) => ask(resolver, full)),
    );
    const found = asked.find(({ addresses }) => addresses.length > 0);
    if (found) return found.addresses;
    const failure = asked.flatMap(({ failures }) => failures).find((one) => !NO_SUCH_NAME.has(codeOf(one)));
    if (failure !== undefined) throw failure;
    return lookUp(name);
  };
}

interface Asked {
  readonly addresses: readonly string[];
  readonly failures: readonly unknown[];
}

async function ask(resolver: Resolver, name: string): Promise<Asked> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return {
    addresses: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
    failures: answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : [])),
  };
}

/** Whoever comes while one is under way waits for it: an abandoned one keeps one thread, and no more. */
function oneAtATime<T>(work: (name: string) => Promise<T>): (name: string) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (name) => {
    const mine = last.then(() => work(name));
    last = mine.catch(() => undefined);
    return mine;
  };
}

async function inHostsFile(name: string): Promise<string[]> {
  const lines = await linesOf(HOSTS_FILE);
  return lines.flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    return address !== undefined && names.includes(name.toLowerCase()) ? [address] : [];
  });
}

async function searchDomains(): Promise<string[]> {
  const lines = await linesOf(RESOLVER_FILE);
  const domains = lines.flatMap((line) => /^\s*(?:search|domain)\s+(.*)$/.exec(line)?.[1]?.trim() ?? []);
  // The last line counts (resolv.conf(5)).
  return (domains.at(-1) ?? '')
    .split(/\s+/)
    .filter((domain) => domain !== '' && domain !== '.')
    .slice(0, MAX_DOMAINS);
}

async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8').catch(() => '')).split('\n');
}
