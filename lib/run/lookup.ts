// Resolves the names that connections go to, by the runs' own resolver: one that nobody answers for holds nobody else up.
import { isIP, type LookupFunction } from 'node:net';
import { messageOf } from '../model/errors.js';
import type { Resolve } from '../model/resolve.js';
import { makeResolve } from './resolve.js';

/** Longest wait, in milliseconds: below the time for a connection, so that the error names the name. */
const TIMEOUT_MS = 1_500;

/**
 * In place of Node's own for sockets and agents. That one asks in one of four threads, which names without an answer
 * would hold for many seconds, from each other and from everybody else (libuv's thread pool).
 */
export function makeLookup(resolve: Resolve): LookupFunction {
  return (hostname, { all, family }, callback) => {
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    resolve(hostname)
      .then((addresses) => {
        const found = addresses
          .map((address) => ({ address, family: isIP(address) }))
          .filter((entry) => !wanted || entry.family === wanted)
          // IPv4 first, as the connections always did.
          .sort((a, b) => a.family - b.family);
        const [first] = found;
        if (!first) throw new Error('no address of the kind asked for');
        if (all) callback(null, found);
        else callback(null, first.address, first.family);
      })
      .catch((error: unknown) => {
        const failure = new Error(`the name ${hostname} does not resolve: ${messageOf(error)}`);
        callback(Object.assign(failure, { code: 'ENOTFOUND' }), all ? [] : '');
      });
  };
}

/** What all connections of this process use. */
export const systemLookup: LookupFunction = makeLookup(makeResolve({ timeoutMs: TIMEOUT_MS }));
