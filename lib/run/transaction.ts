// One connection, which is one transaction: read, plan, write, read back, until nothing differs.
import type { Config } from '../config/pools.js';
import { HAProxyError } from '../haproxy/errors.js';
import { type ParseDetails, readWhatIsThere } from '../haproxy/read.js';
import type { Change } from '../model/change.js';
import type { DeadlineClock } from '../model/clock.js';
import { messageOf, NextStepError } from '../model/errors.js';
import type { Problem } from '../model/problem.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { Observed } from '../model/server.js';
import type { Step } from '../plan/steps.js';
import type { ByHand } from './by-hand.js';
import type { FleetPlaces } from './fleet-places.js';
import { withoutGivenUp } from './given-up.js';
import { checkLevel, isUnchanged, probedBalances } from './last-read.js';
import { notesOf } from './made-changes.js';
import { planOn } from './planning.js';
import type { Progress } from './progress.js';
import type { SharedReads } from './shared-reads.js';
import { type Belief, beliefIn } from './told-read.js';
import type { CatalogView } from './views.js';
import { makeWaits } from './waits.js';
import { writeSteps } from './write-plan.js';

/** There where this is a function's bundle, which no watch tells anything but an index. */
declare const IRI_LB_FUNCTION: true | undefined;

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
  /** Of `plan`: for people, who look at what they do not write. */
  readonly forPeople?: ForPeople;
  /** Of `apply`: what somebody who runs by hand adds. */
  readonly byHand?: ByHand;
}

/** What people get to see beside the report. */
export interface ForPeople {
  /** The connection is to a socket that nobody writes at: what it may do says nothing about runs. */
  readonly readOnly: boolean;
  /** Undefined: they want none. */
  readonly parseDetails?: ParseDetails;
  /** What was read and planned on one load balancer, when its work is over, however it ended. */
  readonly onLook: (address: string, look: Pick<Progress, 'observed' | 'plan'>) => void;
  /** Told of each view of the catalog, the last one last. */
  readonly onView: (view: CatalogView) => void;
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
  { mode, force, deadline, forPeople, byHand }: ReconcileOptions & { readonly deadline: number },
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
  const { givenUp } = progress;
  progress.waits ??= makeWaits(clock, deadline);
  const { waits } = progress;

  const only = onlyAt(connection.name, byHand);
  const list = async (of = backends, known?: Observed): Promise<Observed> => {
    const read = await readWhatIsThere(connection, of, forPeople?.parseDetails);
    const listed = known ? withOthersOf(known, read) : read;
    progress.readAtMs = clock.monotonicMs();
    progress.observed = listed;
    return listed;
  };
  const listing = fleet.listing(connection.name, list());
  const viewing = inTime(READ, reads.first());
  let belief: Belief | undefined;
  if (typeof IRI_LB_FUNCTION === 'undefined' && mode === 'apply')
    belief = beliefIn(viewing, listing, clock, deadline);
  let [catalogView, observed] = await bothEnded(viewing, listing);
  await fleet.heard(connection.name);
  if (await byHand?.first?.(connection, observed)) observed = await list();
  let words: ReadonlyMap<string, string> = new Map();
  let rereads = 0;
  /** What was read again, after everything that was waited for. */
  let reread: Observed | undefined;
  for (let round = 1; ; round += 1) {
    // HAProxy is read last: whatever was waited for since the listing, nothing is written on an old one.
    for (;;) {
      progress.observed = observed;
      fleet.note(connection.name, observed);
      const policy = { pools, force, elsewhere: fleet.besides(connection.name), ...limit };
      const planned = await inTime(
        SECOND_LOOK,
        planOn(catalogView, { ...observed, staticBalance: givenUp.staticBackends }, policy),
      );
      progress.plan = planned.plan;
      progress.empty ??= new Set(
        planned.plan.pools.filter(({ ready }) => ready === 0).map(({ backend }) => backend),
      );
      const looked = planned.catalogView !== catalogView;
      catalogView = planned.catalogView;
      const next = only(withoutGivenUp(planned.plan.steps, givenUp));
      if (belief && next.length > 0) {
        const believed = await belief.holdsFor(catalogView, next);
        belief = undefined;
        if (!believed) {
          [catalogView, observed] = await bothEnded(read(), list());
          continue;
        }
        if (believed === 'at-once') reread = observed;
      }
      const isNewest = observed === reread && !looked;
      const concerned = backendsOf(next);
      if (mode === 'plan' || concerned.length === 0 || isNewest) break;
      if (await isUnchanged(connection, observed, concerned)) break;
      reread = observed = await list();
    }
    const steps = only(await plannedSteps(connection, progress, mode));
    const changes = steps.flatMap((step) => step.changes);
    if (changes.length > 0 && round > MAX_ROUNDS) throw stillDiffers(connection.name, changes, words);
    const note = notesOf(progress, changes, observed.process.pid);
    if (mode === 'plan' && changes.length > 0) {
      note(changes);
      if (!forPeople?.readOnly) await checkLevel(connection);
    }
    if (mode === 'plan' || changes.length === 0) return;
    const refusal = byHand?.refuse?.(connection.name, changes, observed);
    if (refusal) {
      progress.failures.push(refusal);
      return;
    }
    const deps = { connection, clock, waits, progress, note, addressTimeoutMs: config.answerTimeoutMs };
    const written = await writeSteps(deps, steps, observed);
    words = written.words;
    if (!written.wrote && written.kept.size > 0) {
      for (const [backend, slots] of written.kept)
        progress.failures.push({ code: 'leaving-kept', backend, slots });
      return;
    }
    const canReread = rereads < MAX_REREADS;
    // The other backends are as they were listed; all are listed again where Consul has something else to say.
    const [listed, moved] = await bothEnded(
      list(backendsOf(steps), observed),
      canReread ? hasMoved(catalogView, clock, progress.problems) : false,
    );
    observed = listed;
    progress.observed = observed;
    if (!moved) continue;
    rereads += 1;
    round = 0;
    [catalogView, observed] = await bothEnded(read(), list());
  }
}

/** What is to be written: the plan without what HAProxy refused before, and without weights where it takes none. */
async function plannedSteps(
  connection: RuntimeConnection,
  { plan, givenUp, problems }: Progress,
  mode: 'apply' | 'plan',
): Promise<readonly Step[]> {
  const steps = withoutGivenUp(plan?.steps ?? [], givenUp);
  if (mode === 'apply') return steps;
  const found = await probedBalances(
    connection,
    steps.flatMap((step) => step.changes),
  );
  for (const backend of found) {
    givenUp.staticBackends.add(backend);
    problems.push({ code: 'balance-static', backend });
  }
  return withoutGivenUp(steps, givenUp);
}

/** Leaves of steps those of their changes that this run is about. */
function onlyAt(address: string, { only }: ByHand = {}): (steps: readonly Step[]) => readonly Step[] {
  if (!only) return (steps) => steps;
  return (steps) =>
    steps.flatMap((step) => {
      const changes = step.changes.filter((change) => only(address, change));
      return changes.length === 0 ? [] : [{ ...step, changes }];
    });
}

const backendsOf = (steps: readonly Step[]): string[] => [
  ...new Set(steps.flatMap(({ changes }) => changes.map(({ backend }) => backend))),
];

/** `read` of some backends, and the others as they were known. */
function withOthersOf(known: Observed, read: Observed): Observed {
  const joined = <T>(all: ReadonlyMap<string, T> = new Map(), some: ReadonlyMap<string, T> = new Map()) =>
    new Map([...all, ...some]);
  return {
    ...read,
    backends: joined(known.backends, read.backends),
    texts: joined(known.texts, read.texts),
    ...(known.failures || read.failures ? { failures: joined(known.failures, read.failures) } : {}),
  };
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

function stillDiffers(
  address: string,
  changes: readonly Change[],
  words: ReadonlyMap<string, string>,
): HAProxyError {
  const slots = changes.slice(0, 5).map(({ backend, slot, action, reason }) => {
    const name = `${backend}/${slot}`;
    return `${name} (${action}: ${words.get(name) ?? reason})`;
  });
  const more = changes.length > slots.length ? ` and ${changes.length - slots.length} more` : '';
  const detail = `still differs after ${MAX_ROUNDS} rounds: ${slots.join(', ')}${more}`;
  return new HAProxyError(address, 'still-differs', detail, 'is somebody else writing to it?');
}
