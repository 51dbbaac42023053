// What is being waited for, told to whoever wants to know: people, who then wait in peace. Pure.
import { printAdminAddress } from '../model/admin-address.js';
import type { Connect } from '../model/runtime.js';
import type { Source } from '../model/source.js';

/** There where this is a function's bundle: nobody watches one that waits. */
declare const IRI_LB_FUNCTION: true | undefined;

/**
 * Told what a wait is for (`the admin socket of tcp://…`) and how long it may last at most, in milliseconds, where
 * that is known. What it returns is called once when the wait is over.
 */
export type OnWait = (what: string, limitMs?: number) => () => void;

/** Waits for `work`, and has it told; the same result, the same error. */
export async function told<T>(
  onWait: OnWait | undefined,
  what: string,
  work: Promise<T>,
  limitMs?: number,
): Promise<T> {
  const over = onWait?.(what, limitMs);
  try {
    return await work;
  } finally {
    over?.();
  }
}

/** Has every wait for an admin socket told; `limitMs`: how long others may have it. */
export function toldConnect(connect: Connect, limitMs: number, onWait: OnWait | undefined): Connect {
  if (typeof IRI_LB_FUNCTION !== 'undefined' || onWait === undefined) return connect;
  return (address, budgetMs) => {
    const what = `the admin socket of ${printAdminAddress(address)}`;
    return told(onWait, what, connect(address, budgetMs), Math.min(limitMs, budgetMs));
  };
}

/** Has every read told. */
export function toldSource(source: Source, limitMs: number, onWait: OnWait | undefined): Source {
  if (typeof IRI_LB_FUNCTION !== 'undefined' || onWait === undefined) return source;
  return {
    read: (services, atLeast) => told(onWait, 'Consul', source.read(services, atLeast), limitMs),
  };
}
