// Resolves host names for a run, within a time, and remembers the last answers in a warm environment.
import { lookup } from 'node:dns/promises';
import { parseAddress } from './address.js';
import { systemClock } from './clock.js';
import { messageOf } from './errors.js';
import type { Resolve } from './reconcile/ports.js';

export interface ResolveOptions {
  /** Longest wait for one name, in milliseconds. */
  readonly timeoutMs: number;
  /** Told, in one line, when remembered answers are used. */
  readonly log?: (line: string) => void;
  /** Every A and AAAA record of a name; asks as the machine does (hosts file, then DNS) by default. */
  readonly find?: (name: string) => Promise<readonly { readonly address: string }[]>;
}

/**
 * A resolver. Throws when a name has no usable address, or takes too long, unless it had one before in
 * this environment: a name server that is down must not look like nodes that have gone.
 */
export function makeResolve({
  timeoutMs,
  log,
  find = (name) => lookup(name, { all: true }),
}: ResolveOptions): Resolve {
  const remembered = new Map<string, readonly string[]>();
  return async (name) => {
    try {
      const found = await systemClock.within(
        timeoutMs,
        find(name),
        () => new Error(`no answer within ${timeoutMs} ms`),
      );
      const usable = found.flatMap(({ address }) => parseAddress(address)?.text ?? []);
      if (usable.length === 0) throw new Error('no usable address among the answers');
      remembered.set(name, usable);
      return usable;
    } catch (error) {
      const before = remembered.get(name);
      if (!before) throw error;
      log?.(
        `host name ${name} does not resolve (${messageOf(error)}); its last answer ${before.join(', ')} is used`,
      );
      return before;
    }
  };
}
