// Whose addresses no server may have, and what is told of it. Pure.
import { printHostPort } from '../model/address.js';
import type { Judge } from '../model/networks.js';
import type { Problem } from '../model/problem.js';
import type { Located } from './selection.js';

/** Judges each instance once, however many pools select it, and tells what is refused. */
export class Refusals {
  readonly problems: Problem[] = [];
  /** Null: nobody may have any of its addresses. */
  private readonly judged = new Map<Located, Located | null>();

  constructor(private readonly judge: Judge) {}

  /** With those of its addresses that a server may have; undefined where it has none of these. */
  allowed(located: Located): Located | undefined {
    let judged = this.judged.get(located);
    if (judged === undefined) {
      judged = this.without(located) ?? null;
      this.judged.set(located, judged);
    }
    return judged ?? undefined;
  }

  private without(located: Located): Located | undefined {
    const { addresses, port, label, hostName = null } = located;
    if (addresses === undefined) return located;
    const [only] = addresses;
    // As nearly all are.
    if (addresses.length === 1 && only !== undefined && !this.judge(only, port)) return located;
    const refused = addresses.flatMap((address) => {
      const why = this.judge(address, port);
      return why ? [{ address, why }] : [];
    });
    if (refused.length === 0) return located;
    const leftOut = refused.length === addresses.length;
    for (const { address, why } of refused) {
      const hostPort = printHostPort(address, port);
      this.problems.push({ code: 'address-refused', instance: label, hostPort, hostName, why, leftOut });
    }
    const gone = new Set(refused.map(({ address }) => address));
    return leftOut ? undefined : { ...located, addresses: addresses.filter((one) => !gone.has(one)) };
  }
}
