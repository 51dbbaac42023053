// Resolves host names for a run, within a time.
import { lookup } from 'node:dns/promises';
import { parseAddress } from './address.js';
import type { Resolve } from './reconcile/ports.js';

/**
 * A resolver that asks as the machine does (hosts file, then DNS) and gives every A and AAAA record.
 * Throws when there is none, or when it takes longer than `timeoutMs` milliseconds.
 */
export function makeResolve(timeoutMs: number): Resolve {
  return async (name) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      const found = await Promise.race([lookup(name, { all: true }), late]);
      const usable = found.flatMap(({ address }) => parseAddress(address)?.text ?? []);
      if (usable.length === 0) throw new Error('no usable address among the answers');
      return usable;
    } finally {
      clearTimeout(timer);
    }
  };
}
