// One connection, which is one transaction: read, plan, write, read back, until nothing differs.
import type { Config } from '../config/pools.js';
import type { Catalog } from '../consul/source.js';
import { NotHeldError } from '../haproxy/errors.js';
import { observe } from '../haproxy/read.js';
import { writePlan } from '../haproxy/write.js';
import { messageOf } from '../model/errors.js';
import type { DeadlineClock, RuntimeConnection } from '../model/ports.js';
import type { ReportedChange } from '../model/report.js';
import type { Observed } from '../model/server.js';
import { type GuardedPlan, planAll } from '../plan/plan.js';
import { type Changes, noteChange } from './made-changes.js';
import type { SharedReads } from './shared-reads.js';

/** Plans and writes until nothing differs, at most this often on one read of Consul. */
const MAX_ROUNDS = 3;
/** How often a run goes on because Consul's word changed while it wrote; after that the next run does. */
const MAX_REREADS = 2;
/** Longest wait for the answer to whether it changed, in milliseconds: others wait for the socket. */
const MOVED_MS = 1_000;

export interface ReconcileOptions {
  /** `plan` only says what `apply` would do. */
  readonly mode: 'apply' | 'plan';
  /** Past `maxRemovalPercent`. */
  readonly force: boolean;
  /** When everything has to be done, in milliseconds since the epoch; `loadBalancerTimeoutMs` holds too. */
  readonly deadline?: number;
}

/** How far the run of one load balancer has come; kept over its connections. */
export interface Progress {
  /** Everything that was begun to be written (in `plan`: that would be). */
  readonly changes: Changes;
  observed: Observed | undefined;
  plan: GuardedPlan | undefined;
  readonly warnings: Set<string>;
}

export function makeProgress(): Progress {
  return { changes: new Map(), observed: undefined, plan: undefined, warnings: new Set() };
}

export interface SettleDeps {
  readonly config: Config;
  readonly reads: SharedReads<Catalog>;
  readonly clock: DeadlineClock;
}

/**
 * Makes HAProxy what is desired and leaves the way there in `progress`. After writing it asks whether
 * Consul's word changed meanwhile: where the socket is not exclusive, a run that was overtaken would
 * undo what the other one wrote. Whoever writes last has asked after it, so the last word holds. Throws
 * what connection and catalog throw, an Error when the deadline comes while Consul or names are read, and
 * NotHeldError with HAProxy's own words when something differs after all rounds.
 */
export async function settle(
  { config, reads, clock }: SettleDeps,
  connection: RuntimeConnection,
  progress: Progress,
  { mode, force, deadline }: ReconcileOptions & { readonly deadline: number },
): Promise<void> {
  const inTime = <T>(what: string, work: Promise<T>): Promise<T> =>
    clock.within(Math.max(1, deadline - clock.now()), work, () => new Error(`${what} in time; ${TOO_LATE}`));
  const read = (): Promise<Catalog> => inTime(READ, reads.fresh());
  const backends = config.pools.map(({ backend }) => backend);
  const [first, observed] = await bothEnded(read(), observe(connection, backends));
  let catalog = first;
  progress.observed = observed;
  let refused: ReadonlyMap<string, string> = new Map();
  let rereads = 0;
  const hasMoved = async (): Promise<boolean> => {
    if (rereads === MAX_REREADS) return false;
    try {
      return await clock.within(MOVED_MS, catalog.moved(), () => new Error(`no answer in ${MOVED_MS} ms`));
    } catch (error) {
      progress.warnings.add(`Consul could not be asked again after writing: ${messageOf(error)}`);
      return false;
    }
  };
  for (let round = 1; ; round += 1) {
    progress.plan = await inTime(SECOND_LOOK, planAll(config, catalog, progress.observed, { force }));
    catalog = progress.plan.catalog;
    const changes = progress.plan.pools.flatMap((pool) => pool.changes);
    if (changes.length > 0 && round > MAX_ROUNDS)
      throw new NotHeldError(connection.name, notHeld(changes, refused));
    // Before they are written: when the connection breaks, who knows which of them were.
    const { pid } = progress.observed.process;
    for (const change of changes) noteChange(progress.changes, change, pid);
    if (mode === 'plan' || changes.length === 0) return;
    refused = await writePlan(connection, changes, { clock, addressTimeoutMs: config.answerTimeoutMs });
    const [written, moved] = await bothEnded(observe(connection, backends), hasMoved());
    progress.observed = written;
    if (!moved) continue;
    rereads += 1;
    round = 0;
    [catalog, progress.observed] = await bothEnded(read(), observe(connection, backends));
  }
}

const READ = 'consul: it and the host names it lists were not read';
const SECOND_LOOK = 'consul: the second look before a large removal was not done';
const TOO_LATE = 'is Consul or DNS slow, or is the time too short?';

/** Both, or the first failure once both have ended: nothing may still use the connection then. */
async function bothEnded<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

function notHeld(changes: readonly ReportedChange[], refused: ReadonlyMap<string, string>): string {
  const slots = changes.slice(0, 5).map(({ backend, slot, action, reason }) => {
    const name = `${backend}/${slot}`;
    return `${name} (${action}: ${refused.get(name) ?? reason})`;
  });
  const more = changes.length > slots.length ? ` and ${changes.length - slots.length} more` : '';
  return `still differs after ${MAX_ROUNDS} rounds: ${slots.join(', ')}${more}; is somebody else writing to it?`;
}
