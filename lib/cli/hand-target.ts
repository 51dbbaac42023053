// Who is meant by a name, for what changes slots by hand: one, or an error that lists what it may be. Pure.
import type { Config } from '../config/pools.js';
import { showName } from '../model/text.js';
import type { HandSlot } from '../run/drain.js';
import type { FleetLook } from '../run/look.js';
import { findTargets, type Target } from '../run/targets.js';
import { allPlaces, folded } from './places.js';
import { usageError } from './usage.js';

/** A load balancer that could not be read, and why; what may be in rotation there is not known. */
export interface Unread {
  readonly address: string;
  readonly state: string;
  readonly why: string;
}

/** All of them; where the list of load balancers is not whole, that too. */
export function unreadIn({ loadBalancers, report: { consul } }: FleetLook): Unread[] {
  const unread = loadBalancers.flatMap(({ address, state, report }) =>
    state === 'read' ? [] : [{ address, state, why: report.error ?? `haproxy ${address}: not read` }],
  );
  if (consul.error === undefined) return unread;
  return [...unread, { address: 'a load balancer', state: 'not known', why: consul.error }];
}

/**
 * The one that is named. Throws a usage error where there are several, or where nobody has the name; where not
 * everything could be read that may be wrong, and it is no usage error.
 */
export function oneTarget(look: FleetLook, config: Config, name: string): Target {
  const { found, near } = findTargets(look, config, name);
  const [first] = found;
  const shown = showName(name);
  if (first && found.length === 1) return first;
  if (first) throw usageError(`${shown} may be any of ${found.map(choiceOf).join(', ')}; name one of these`);
  const unread = unreadIn(look).map(({ address, state }) => `${address} is ${state}`);
  const consul = look.consulError === undefined ? [] : [UNREAD];
  if (unread.length + consul.length > 0)
    throw new Error(`${shown} was not found, but ${[...unread, ...consul].join(' and ')}`);
  const meant =
    near.length === 0
      ? 'iri-lb node list shows who there is'
      : `did you mean ${near.map((one) => showName(one)).join(', ')}?`;
  throw usageError(`no instance or slot ${shown}; ${meant}`);
}

const UNREAD = 'Consul could not be read (a slot is known all the same, by address:port or backend/slot)';

/** `node/id`, with where it is, since two may share it. */
function choiceOf({ label, hostPorts, service }: Target): string {
  const at = hostPorts.join(' ');
  return label === null ? at : `${label} (${service} at ${at})`;
}

/** What somebody would name it by: `node/id`, else where it is. */
export const nameOf = ({ label, hostPorts }: Target): string => label ?? hostPorts.join(' ');

/** `web/s1 on both, web/s3 on tcp://b:1`. */
export function slotsText(slots: readonly HandSlot[], all: number): string {
  const entries = slots.map((slot): readonly [string, string] => [
    slot.address,
    `${slot.backend}/${slot.slot}`,
  ]);
  return folded(entries, (text) => text)
    .map(({ entry, names }) => `${entry}${allPlaces(names, all)}`)
    .join(', ');
}
