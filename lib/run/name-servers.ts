// Finds a host name as the machine does: hosts file, then name servers with its search domains, then its own resolver.
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { codeOf } from '../model/errors.js';

const HOSTS_FILE = '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';
/** Without an answer, a question is asked a second time after half of the time. */
const TRIES = 2;
/** Errors of DNS that mean "there is no such name": the machine may know it in another way. */
const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA']);
/** How long the files that say how names are found, and one resolver, serve all that are looked for, in milliseconds. */
const FRESH_MS = 100;
/** Names that are begun at a time, and how long one keeps the next from its turn, in milliseconds. */
const MAX_BEGUN = 64;
const PATIENCE_MS = 10;
/** Domains tried for a name, as glibc does (resolv.conf(5)). */
const MAX_DOMAINS = 6;

/**
 * Asks name servers directly: `dns.lookup` runs in one of four threads, which names that nobody answers
 * for would hold for many seconds, from each other and from every connection to a host name (libuv's
 * thread pool). It is asked only for what DNS says at once that it does not know, and for one name at a time.
 * `servers` are asked in place of the machine's own.
 */
export function findAsTheMachine(
  servers?: readonly string[],
): (name: string, timeoutMs: number) => Promise<readonly string[]> {
  const lookUp = oneAtATime(async (name: string) =>
    (await lookup(name, { all: true })).map(({ address }) => address),
  );
  const meansFor = sharedMeans(servers);
  const inTurn = makeTurns();
  return async (name, timeoutMs) => {
    const until = performance.now() + timeoutMs;
    const { resolver, hosts, domains } = meansFor(timeoutMs);
    const listed = (await hosts).get(name.toLowerCase()) ?? [];
    if (listed.length > 0) return listed;
    if (/(?:^|\.)localhost$/.test(name)) return ['127.0.0.1', '::1'];
    // Multicast DNS (RFC 6762) is no name server's.
    if (/\.local$/.test(name)) return lookUp(name, until);
    const searched = name.includes('.') ? [] : await domains;
    const names = [...searched.map((domain) => `${name}.${domain}`), name];
    const asked = await inTurn(() => Promise.all(names.map((full) => ask(resolver, full))));
    const found = asked.find(({ addresses }) => addresses.length > 0);
    if (found) return found.addresses;
    const failure = asked.flatMap(({ failures }) => failures).find((one) => !NO_SUCH_NAME.has(codeOf(one)));
    if (failure !== undefined) throw failure;
    return lookUp(name, until);
  };
}

interface Means {
  readonly resolver: Resolver;
  /** Of the hosts file, by name. */
  readonly hosts: Promise<ReadonlyMap<string, readonly string[]>>;
  readonly domains: Promise<readonly string[]>;
}

/**
 * The same for all names that are looked for at the same time, and read anew soon after. A resolver has sockets of
 * its own: one for each name, and whoever registers a thousand names leaves a run no file to reach HAProxy by.
 */
function sharedMeans(servers?: readonly string[]): (timeoutMs: number) => Means {
  const made = new Map<number, { readonly means: Means; readonly sinceMs: number }>();
  return (timeoutMs) => {
    const nowMs = performance.now();
    const last = made.get(timeoutMs);
    if (last && nowMs - last.sinceMs < FRESH_MS) return last.means;
    const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / TRIES), tries: TRIES });
    if (servers) resolver.setServers(servers);
    const means = { resolver, hosts: readHosts(), domains: searchDomains() };
    made.set(timeoutMs, { means, sinceMs: nowMs });
    return means;
  };
}

/** Begins a bounded number at a time, so that a name server hears all of them; one that takes long lets others go on. */
function makeTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let free = MAX_BEGUN;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    };
    const patience = setTimeout(over, PATIENCE_MS);
    try {
      return await work();
    } finally {
      clearTimeout(patience);
      over();
    }
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

/**
 * Whoever comes while one is under way waits for it: an abandoned one keeps one thread, and no more. One whose turn
 * comes after `until`, by the monotonic clock, is not begun: nobody waits for it any more.
 */
function oneAtATime<T>(work: (name: string) => Promise<T>): (name: string, until: number) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (name, until) => {
    const mine = last.then(() => {
      if (performance.now() >= until) throw new Error('its turn did not come in time');
      return work(name);
    });
    last = mine.catch(() => undefined);
    return mine;
  };
}

async function readHosts(): Promise<ReadonlyMap<string, readonly string[]>> {
  const hosts = new Map<string, string[]>();
  for (const line of await linesOf(HOSTS_FILE)) {
    const [address, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    if (address === undefined) continue;
    for (const name of new Set(names)) hosts.set(name, [...(hosts.get(name) ?? []), address]);
  }
  return hosts;
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
