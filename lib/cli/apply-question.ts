// Applies, and asks before it takes away half a pool or more; while a question stands, nobody's socket is held.
import type { Change, MadeChange } from '../model/change.js';
import type { Problem } from '../model/problem.js';
import type { Report } from '../model/report.js';
import type { Observed } from '../model/server.js';
import type { ByHand } from '../run/by-hand.js';
import type { FleetLook } from '../run/look.js';
import type { Runner } from '../run/runner.js';
import type { Confirm } from './confirm.js';
import { isLargeLoss, lossesOf, lossText, takenAway } from './losses.js';
import { largeLossesIn } from './plan-verdict.js';

export interface Asking {
  readonly runner: Pick<Runner, 'look' | 'run'>;
  readonly force: boolean;
  readonly confirm: Confirm;
  /** Shows what will be asked about. */
  readonly show: (look: FleetLook) => void;
}

export interface Asked {
  /** Of all that was written; undefined: nothing was tried. */
  readonly report?: Report;
  /** Somebody said no. */
  readonly declined: boolean;
}

/**
 * Plans, closes its connections, shows the plan and asks where it takes away much, and runs. The run itself makes
 * the last comparison, at each load balancer with the socket held: where it would by then take away somebody who was
 * not shown, it writes nothing there, and everything begins anew.
 */
export async function applyAsking({ runner, force, confirm, show }: Asking): Promise<Asked> {
  let earlier: Report | undefined;
  for (;;) {
    const look = await runner.look({ force });
    const losses = largeLossesIn(look);
    const asks = losses.length > 0 || earlier !== undefined;
    if (asks) {
      show(look);
      const what =
        losses.length > 0 ? `Take away ${lossText(losses, look.loadBalancers.length)}?` : 'Apply this?';
      if (!(await confirm(what))) return { ...(earlier ? { report: earlier } : {}), declined: true };
    }
    const guard = refusing(look, asks);
    const report = await runner.run({ mode: 'apply', force, byHand: { refuse: guard.refuse } });
    const whole = earlier ? together(earlier, report) : report;
    if (!guard.hasRefused()) return { report: whole, declined: false };
    earlier = whole;
  }
}

/** Refuses what was not shown; where nothing was asked, only what would have been asked about. */
function refusing(
  look: FleetLook,
  asked: boolean,
): { readonly refuse: NonNullable<ByHand['refuse']>; readonly hasRefused: () => boolean } {
  const shown = new Set(
    look.loadBalancers.flatMap(({ address, observed, report }) =>
      observed ? takenAway(report.changes, observed).map((change) => keyOf(address, change)) : [],
    ),
  );
  let refused = false;
  const refuse = (address: string, changes: readonly Change[], observed: Observed): Problem | undefined => {
    const unshown = takenAway(changes, observed).filter((change) => !shown.has(keyOf(address, change)));
    const isLarge = lossesOf(address, changes, observed).some(isLargeLoss);
    if (asked ? unshown.length === 0 : !isLarge) return undefined;
    refused = true;
    const servers = (asked ? unshown : takenAway(changes, observed)).map(
      ({ backend, slot }) => `${backend}/${slot}`,
    );
    return { code: 'takes-unshown', count: servers.length, servers };
  };
  return { refuse, hasRefused: () => refused };
}

/** Who is taken away, by where it is: slots are given away. */
const keyOf = (address: string, { backend, before }: Change): string =>
  `${address} ${backend} ${before.address} ${before.port}`;

/** The later report, with what the earlier one changed. */
function together(earlier: Report, later: Report): Report {
  const before = new Map(earlier.loadBalancers.map((one) => [one.address, one.changes]));
  return {
    ...later,
    loadBalancers: later.loadBalancers.map((one) => {
      const made: readonly MadeChange[] = before.get(one.address) ?? [];
      const outcome = one.outcome === 'unchanged' && made.length > 0 ? 'changed' : one.outcome;
      return { ...one, outcome, changes: [...made, ...one.changes] };
    }),
  };
}
