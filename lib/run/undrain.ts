// Takes slots out of DRAIN by hand: into maintenance, and one reconcile decides in the same connection what is to become of them.
import type { Config } from '../config/pools.js';
import { serverCommands } from '../haproxy/commands.js';
import { printHostPort } from '../model/address.js';
import { isHealthy } from '../model/instance.js';
import { sentenceOf } from '../model/problem.js';
import type { Observed } from '../model/server.js';
import { agentWordOn } from '../plan/agent-word.js';
import type { View } from '../plan/view.js';
import { type HandSlot, handSlotOf, serverAt, whyOther, write } from './drain.js';
import type { FleetLook } from './look.js';
import type { Runner, RunOptions } from './runner.js';
import type { Target } from './targets.js';

/** What became of a slot: `given` to somebody else, who waited for one. */
export interface Undrained extends HandSlot {
  readonly result: 'ready' | 'maintenance' | 'free' | 'given' | 'failed';
  /** Why, of all but `ready`. */
  readonly reason?: string;
}

/** Those of its slots that are in DRAIN. */
export const drainedSlots = ({ slots }: Target): HandSlot[] =>
  slots.filter(({ server }) => server.state === 'drain').map(handSlotOf);

/** Why it is not known whether nobody is at a slot that is held for nobody; by slot, those where it is are left out. */
export interface StaleChoice {
  readonly slots: readonly HandSlot[];
  readonly doubts: readonly string[];
}

/** Slots in DRAIN at which a read of Consul that may be believed lists nobody. */
export function staleSlots(targets: readonly Target[], { pools }: Config, view: View): StaleChoice {
  const doubts = new Set<string>();
  const slots = targets
    .filter(({ label }) => label === null)
    .flatMap(drainedSlots)
    .filter(({ backend }) => {
      const pool = pools.find((one) => one.backend === backend);
      const doubt = pool && doubtOf(pool, view);
      if (doubt !== undefined) doubts.add(doubt);
      return pool !== undefined && doubt === undefined;
    });
  return { slots, doubts: [...doubts] };
}

/** Why somebody may be there all the same. */
export function doubtOf(
  { backend, service, whenGone }: Config['pools'][number],
  { absences, located, counts }: View,
): string | undefined {
  const absence = absences.get(service);
  const what = `${backend}: who is gone is not known`;
  if (absence?.believed === 'no') return `${what}, ${sentenceOf(absence.why)}`;
  if (!absence || absence.believed === 'rights' || absence.isUnsure)
    return `${what}, since nobody says whether Consul lists all of service ${service}`;
  if ((counts.get(backend)?.listed ?? 0) === 0 && whenGone !== 'empty')
    return `${what}, since Consul lists no instance of service ${service} at all`;
  const unresolved = located.get(service)?.find(({ addresses }) => addresses === undefined);
  return unresolved && `${what}, since the host name of ${unresolved.label} does not resolve`;
}

/**
 * Puts them into maintenance, and has one run decide on them alone. What Consul says is read in that run: where it
 * cannot be, nothing is touched. Throws what finding the load balancers throws.
 */
export async function undrainSlots(
  { run, settings }: Pick<Runner, 'run' | 'settings'>,
  slots: readonly HandSlot[],
): Promise<readonly Undrained[]> {
  const failures = new Map<HandSlot, string>();
  const released = new Set<HandSlot>();
  const observedAt = new Map<string, Observed>();
  let view: View | undefined;
  const options: RunOptions = {
    mode: 'apply',
    byHand: {
      async first(connection, observed) {
        const own = slots.filter(({ address }) => address === connection.name);
        const going = own.filter((slot) => {
          const why = released.has(slot) ? undefined : whyNot(slot, observed);
          if (why !== undefined) failures.set(slot, why);
          return why === undefined && serverAt(slot, observed)?.state === 'drain';
        });
        await write(
          connection,
          going,
          ({ backend, slot }) => serverCommands(backend, slot).state('maintenance'),
          failures,
        );
        for (const slot of going) if (!failures.has(slot)) released.add(slot);
        return going.length > 0;
      },
      only: (address, change) =>
        [...released].some(
          (slot) => slot.address === address && slot.backend === change.backend && slot.slot === change.slot,
        ),
    },
    forPeople: {
      readOnly: false,
      onView: ({ view: read }) => {
        view = read;
      },
      onLook: (address, { observed }) => {
        if (observed) observedAt.set(address, observed);
      },
    },
  };
  const report = await run(options);
  return slots.map((slot): Undrained => {
    const why = failures.get(slot);
    if (why !== undefined) return { ...slot, result: 'failed', reason: why };
    const own = report.loadBalancers.find(({ address }) => address === slot.address);
    const broke = own?.problems.find(({ code }) => BROKEN.has(code));
    const observed = observedAt.get(slot.address);
    const reason = broke ? sentenceOf(broke) : undefined;
    if (!released.has(slot) || !observed || !view)
      return { ...slot, result: 'failed', reason: reason ?? NOT_REACHED };
    const became = becameOf(slot, observed, view, settings.config);
    // What broke may be another backend's.
    return became.result === 'failed' && reason !== undefined ? { ...became, reason } : became;
  });
}

const NOT_REACHED = 'it was not reached';
const BROKEN: ReadonlySet<string> = new Set(['haproxy-failed', 'consul-failed', 'failed']);

function whyNot(slot: HandSlot, observed: Observed): string | undefined {
  const server = serverAt(slot, observed);
  const other = whyOther(slot, server);
  if (other !== undefined || !server) return other;
  if (server.state !== 'drain') return `it is not in DRAIN any more: its state is ${server.state}`;
  return agentWordOn(server) === 'drain'
    ? 'its agent-check drains it, and would again; let the agent say "ready"'
    : undefined;
}

/** What the run made of it, as HAProxy lists it last. */
function becameOf(slot: HandSlot, observed: Observed, view: View, { pools }: Config): Undrained {
  const server = serverAt(slot, observed);
  const hostPort = server?.address ? printHostPort(server.address, server.port) : '';
  const service = pools.find(({ backend }) => backend === slot.backend)?.service ?? '';
  const located = (view.located.get(service) ?? []).filter(({ addresses = [], port }) =>
    addresses.some((address) => printHostPort(address, port) === slot.hostPort),
  );
  const selected = (view.selected.get(slot.backend) ?? []).map(({ located: one }) => one.label);
  if (hostPort !== slot.hostPort) return { ...slot, result: 'given', reason: `given to ${hostPort}` };
  if (server?.state === 'ready') return { ...slot, result: 'ready' };
  if (server?.state === 'drain') return { ...slot, result: 'failed', reason: 'it is in DRAIN again' };
  const [who] = located;
  if (!who) return { ...slot, result: 'free', reason: 'nobody in Consul is there' };
  if (!selected.includes(who.label))
    return { ...slot, result: 'free', reason: `${who.label} is not for this pool` };
  const reason = `${who.label} is ${who.instance.health} in Consul`;
  if (!isHealthy(who.instance.health)) return { ...slot, result: 'maintenance', reason };
  return {
    ...slot,
    result: 'failed',
    reason: `${reason}, and the server is in maintenance still; see iri-lb plan`,
  };
}

/** Consul's word, needed to decide; throws where it could not be read. */
export function viewIn({ catalogView, consulError }: FleetLook): View {
  if (!catalogView) throw new Error(`nothing was undrained: ${consulError}`);
  return catalogView.view;
}
