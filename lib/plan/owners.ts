// What becomes of each slot of a range, before anybody new is placed. Pure.
import { printHostPort } from '../model/address.js';
import type { ObservedServer } from '../model/server.js';
import type { Answers, DesiredServer, Unresolved } from './desired.js';
import { claimsOf } from './slot-owners.js';
import { hasAddress } from './slots.js';

export type Fate =
  /** In the operator's DRAIN: never touched, whoever it is. */
  | { readonly kind: 'held'; readonly instance: string | null; readonly server: DesiredServer | undefined }
  /** The slot of a desired server. */
  | { readonly kind: 'owned'; readonly server: DesiredServer }
  /** Ready for nobody that this range should serve. `gone`: because nobody there is listed for it. */
  | {
      readonly kind: 'remove';
      readonly instance: string | null;
      readonly reason: string;
      readonly gone: boolean;
    }
  /** The slot, as far as can be told, of a host name that does not resolve now: stays as it is. */
  | { readonly kind: 'kept'; readonly warning: string; readonly doubt: string | undefined }
  | { readonly kind: 'free' };

export interface FateInput {
  readonly backend: string;
  readonly slots: readonly ObservedServer[];
  readonly desired: readonly DesiredServer[];
  readonly unresolved: readonly Unresolved[];
  readonly whoIsAt: (hostPort: string) => string | undefined;
  readonly lastKnown: Answers;
}

/** The fate of each slot, in the order of the slots. */
export function fatesOf({ backend, slots, desired, unresolved, whoIsAt, lastKnown }: FateInput): Fate[] {
  const wanted = new Map(desired.map((server) => [server.at, server]));
  const placed = slots.map((slot) => {
    const at = hasAddress(slot) ? printHostPort(slot.address, slot.port) : undefined;
    return { slot, at, server: at === undefined ? undefined : wanted.get(at) };
  });

  const claims = claimsOf(unresolved, placed, whoIsAt, lastKnown);
  const owners = new Map<DesiredServer, ObservedServer>();
  for (const { slot, server } of placed) {
    const owner = server && owners.get(server);
    if (server && (!owner || CLAIM[slot.state] > CLAIM[owner.state])) owners.set(server, slot);
  }

  return placed.map(({ slot, at, server }): Fate => {
    const instance = server?.label ?? (at === undefined ? undefined : whoIsAt(at)) ?? null;
    if (slot.state === 'drain') return { kind: 'held', instance, server };
    const owner = server && owners.get(server);
    if (server && owner === slot) return { kind: 'owned', server };
    const claim = claims.get(slot);
    if (claim) {
      const { label, hostName } = claim.name;
      const place = `${backend}/${slot.slot} at ${at}`;
      const doubt = `${place} stays ready: nobody in Consul is there, but it may be ${label}, whose host name ${hostName} does not resolve; correct the name, or deregister it`;
      const doubtful = claim.guessed && slot.state === 'ready';
      return { kind: 'kept', warning: `${place} is kept for ${label}`, doubt: doubtful ? doubt : undefined };
    }
    if (slot.state !== 'ready') return { kind: 'free' };
    if (at === undefined)
      return { kind: 'remove', instance, reason: 'ready without an address', gone: false };
    if (server)
      return { kind: 'remove', instance, reason: `${at} is served by ${owner?.slot} already`, gone: false };
    if (instance !== null)
      return {
        kind: 'remove',
        instance,
        reason: `${instance} is not for this pool and transport any more`,
        gone: true,
      };
    return { kind: 'remove', instance, reason: `nobody in Consul is at ${at}`, gone: true };
  });
}

/** Which of several slots with one address is the server's own: the operator's DRAIN holds it first. */
const CLAIM = { drain: 3, ready: 2, maintenance: 1 } as const;
