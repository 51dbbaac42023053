// Resolves host names for a run, within a time, and remembers the last answers in a warm environment.
import { compareIps, parseAddress } from '../model/address.js';
import { messageOf } from '../model/errors.js';
import { NotResolvedError, type Resolve } from '../model/resolve.js';
import { showMs } from '../model/text.js';
import { systemClock } from './system-clock.js';

/** Finds every A and AAAA record of a name. */
type Find = (name: string, timeoutMs: number) => Promise<readonly string[]>;

export interface ResolveOptions {
  /** Longest wait for one name, in milliseconds. */
  readonly timeoutMs: number;
  /** As the machine does (hosts file, then DNS) by default. */
  readonly find?: Find;
}

/** As the machine does; what that takes is loaded with the first name, since most runs meet none. */
function findOnDemand(): Find {
  let loaded: Promise<Find> | undefined;
  return async (name, timeoutMs) => {
    loaded ??= import('./name-servers.js').then(({ findAsTheMachine }) => findAsTheMachine());
    return (await loaded)(name, timeoutMs);
  };
}

/** Answers of one name that are kept: whoever has the name says how many there are. */
const MAX_ANSWERS = 32;

/** The same ones each time, as the lowest is chosen. */
const lowest = (answers: string[]): string[] =>
  answers.length <= MAX_ANSWERS ? answers : answers.sort(compareIps).slice(0, MAX_ANSWERS);

/**
 * A resolver. Throws NotResolvedError, with the last answer in this environment, when a name has no usable
 * address now or takes too long. That answer may be older than what HAProxy holds: it is a hint only.
 */
export function makeResolve({ timeoutMs, find = findOnDemand() }: ResolveOptions): Resolve {
  const remembered = new Map<string, readonly string[]>();
  return async (name) => {
    try {
      const late = (): Error => new Error(`no answer within ${showMs(timeoutMs)}`);
      const found = await systemClock.within(timeoutMs, find(name, timeoutMs), late);
      const usable = lowest(found.flatMap((address) => parseAddress(address)?.text ?? []));
      if (usable.length === 0) throw new Error('no usable address among the answers');
      remembered.set(name, usable);
      return usable;
    } catch (error) {
      throw new NotResolvedError(messageOf(error), remembered.get(name) ?? []);
    }
  };
}
