// One connection, which is one transaction: read, plan, write, read back, until nothing differs.
import type { Config } from '../config/pools.js';
import { HAProxyError } from '../haproxy/errors.js';
import { readHAProxy } from '../haproxy/read.js';
import { type Refusals, writeStep } from '../haproxy/write.js';
import type { Change } from '../model/change.js';
import type { DeadlineClock } from '../model/clock.js';
import { messageOf, NextStepError } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { Observed } from '../model/server.js';
import type { Plan } from '../plan/plan.js';
import type { FleetPlaces } from './fleet-places.js';
import { type Changes, noteChange } from './made-changes.js';
import { planOn } from './planning.js';
import type { SharedReads } from './shared-reads.js';
import { allowedIn } from './step-condition.js';
import type { CatalogView } from './views.js';

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
  /** When everything has to be done, by `Clock.monotonicMs`; `loadBalancerTimeoutMs` holds too. */
  readonly deadline?: number;
}

/** How far the run of one load balancer has come; kept over its connections. */
export interface Progress {
  /** Everything that was begun to be written (in `plan`: that would be). */
  readonly changes: Changes;
  observed: Observed | undefined;
  plan: Plan | undefined;
  /** What was met beside the plan; fails nothing. */
  readonly problems: Problem[];
}

export function makeProgress(): Progress {
  return { changes: new Map(), observed: undefined, plan: undefined, problems: [] };
}

export interface TransactionDeps {
  readonly config: Config;
  readonly reads: SharedReads<CatalogView>;
  readonly clock: DeadlineClock;
  /** Where the other load balancers of the run have their instances. */
  readonly places: FleetPlaces;
}

/**
 * Makes HAProxy what is desired and leaves the way there in `progress`. After writing it asks whether
 * Consul's word changed meanwhile: where the socket is not exclusive, a run that was overtaken would
 * undo what the other one wrote. Whoever writes last has asked after it, so the last word holds. Throws
 * what connection and source throw, NextStepError when the deadline comes while Consul or names are read, and
 * HAProxyError of kind `still-differs` with HAProxy's own words when something differs after all rounds.
 */
export async function transact(
  { config, reads, clock, places: fleet }: TransactionDeps,
  connection: RuntimeConnection,
  progress: Progress,
  { mode, force, deadline }: ReconcileOptions & { readonly deadline: number },
): Promise<void> {
  const inTime = <T>(what: string, work: Promise<T>): Promise<T> =>
    clock.within(
      Math.max(1, deadline - clock.monotonicMs()),
      work,
      () => new NextStepError('', `${what} in time`, TOO_LATE),
    );
  const read = (): Promise<CatalogView> => inTime(READ, reads.fresh());
  const backends = config.pools.map(({ backend }) => backend);
  const { pools, maxRemovalPercent } = config;
  const limit = maxRemovalPercent === undefined ? {} : { maxRemovalPercent };

  const listing = readHAProxy(connection, backends).then((listed) => {
    // As soon as it is known: others may plan on it while this one still waits for Consul.
    fleet.note(connection.name, listed);
    return listed;
  });
  let [catalogView, observed] = await bothEnded(read(), listing);
  let refused: Refusals = new Map();
  /** Backends in which HAProxy refused something, in any round. */
  const doubtful = new Set<string>();
  let rereads = 0;
  for (let round = 1; ; round += 1) {
    progress.observed = observed;
    fleet.note(connection.name, observed);
    const policy = { pools, force, elsewhere: fleet.besides(connection.name), ...limit };
    const planned = await inTime(SECOND_LOOK, planOn(catalogView, observed, policy));
    progress.plan = planned.plan;
    catalogView = planned.catalogView;
    const { steps } = planned.plan;
    const changes = steps.flatMap((step) => step.changes);
    if (changes.length > 0 && round > MAX_ROUNDS) throw stillDiffers(connection.name, changes, refused);
    const { pid } = observed.process;
    const first = progress.changes.size;
    const places = new Map(
      planned.plan.pools.flatMap((pool) => pool.changes).map((change, at) => [change, first + at]),
    );
    const note = (noted: readonly Change[]): void => {
      for (const change of noted) noteChange(progress.changes, change, pid, places.get(change));
    };
    if (mode === 'plan') note(changes);
    if (mode === 'plan' || changes.length === 0) return;
    refused = new Map();
    for (const step of steps) {
      const allowed = await allowedIn(connection, step, refused, doubtful);
      // Before they are written: when the connection breaks, who knows which of them were.
      note(allowed);
      await writeStep(connection, allowed, refused, { clock, addressTimeoutMs: config.answerTimeoutMs });
      for (const { backend } of refused.values()) doubtful.add(backend);
    }
    const canReread = rereads < MAX_REREADS;
    const [written, moved] = await bothEnded(
      readHAProxy(connection, backends),
      canReread ? hasMoved(catalogView, clock, progress.problems) : false,
    );
    observed = written;
    progress.observed = observed;
    if (!moved) continue;
    rereads += 1;
    round = 0;
    [catalogView, observed] = await bothEnded(read(), readHAProxy(connection, backends));
  }
}

const READ = 'consul: it and the host names it lists were not read';
const SECOND_LOOK = 'consul: the second look before a large removal was not done';
const TOO_LATE = 'is Consul or DNS slow, or is the time too short?';

/** Both, or the first failure once both have ended: nothing may still use the connection then. */
async function bothEnded<A, B>(a: Promise<A>, b: Promise<B> | B): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

/** Whether Consul has something else to say by now; no answer is no change, and a problem. */
async function hasMoved(
  catalogView: CatalogView,
  clock: DeadlineClock,
  problems: Problem[],
): Promise<boolean> {
  const late = (): Error => new Error(`no answer in ${MOVED_MS} ms`);
  try {
    return await clock.within(MOVED_MS, catalogView.hasMoved(), late);
  } catch (error) {
    problems.push({ code: 'source-unasked', detail: messageOf(error) });
    return false;
  }
}

function stillDiffers(address: string, changes: readonly Change[], refused: Refusals): HAProxyError {
  const slots = changes.slice(0, 5).map(({ backend, slot, action, reason }) => {
    const name = `${backend}/${slot}`;
    return `${name} (${action}: ${refused.get(name)?.words ?? reason})`;
  });
  const more = changes.length > slots.length ? ` and ${changes.length - slots.length} more` : '';
  const detail = `still differs after ${MAX_ROUNDS} rounds: ${slots.join(', ')}${more}`;
  return new HAProxyError(address, 'still-differs', detail, 'is somebody else writing to it?');
}
