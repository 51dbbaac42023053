// What becomes of each server that a pool has, before anybody new is placed. Pure.

import type { Fixed } from '../model/fixed.js';
import type { Problem } from '../model/problem.js';
import { agentWordOn } from './agent-word.js';
import type { DesiredServer } from './desired.js';
import type { Ownership, Place, PlaceGroup, Wanted } from './placement.js';

export type Disposition =
  /** In DRAIN: never touched, whoever it is. An agent's ends once nobody in Consul is there. */
  | { readonly is: 'drained'; readonly label: string | null; readonly server: DesiredServer | undefined }
  /** The server of somebody desired. */
  | { readonly is: 'owned'; readonly server: DesiredServer }
  /** Ready for nobody that this group should serve. `gone`: because nobody there is listed for it. */
  | {
      readonly is: 'leaving';
      readonly label: string | null;
      readonly reason: string;
      readonly gone: boolean;
    }
  /** Of a host name that does not resolve now: stays as it is. */
  | Kept
  | { readonly is: 'free' }
  /** Nobody's, and cannot be given to anybody. */
  | { readonly is: 'fixed'; readonly why: Fixed };

export interface Kept {
  readonly is: 'kept';
  readonly problems: readonly Problem[];
  readonly label: string;
  readonly nodeDead: boolean;
  /** Nobody healthy is served there, as far as can be told: a healthy newcomer may have it, as the last choice. */
  readonly yields: boolean;
}

/** What becomes of each place, in the order of the places. */
export function dispositionsOf(
  group: PlaceGroup,
  ownership: readonly Ownership[],
  { labels, unresolved }: Pick<Wanted, 'labels' | 'unresolved'>,
): Disposition[] {
  const healthyNames = unresolved.some(({ healthy }) => healthy);
  return group.places.map((place, index): Disposition => {
    const owner = ownership[index] ?? { of: 'nobody' };
    if (place.server.state === 'drain') {
      const label = labelAt(place, owner, labels);
      if (label === null && agentWordOn(place.server) === 'drain') return free(place);
      return { is: 'drained', label, server: serverOf(owner) };
    }
    if (owner.of === 'server') return { is: 'owned', server: owner.server };
    if (owner.of === 'unresolved') {
      const { nodeDead, label, healthy } = owner.name;
      // One that was guessed may be that of another name.
      const isDead = !healthy && !(owner.guessed && healthyNames);
      const yields = place.server.state !== 'ready' || isDead;
      return { is: 'kept', problems: problemsOfKept(group, place, owner), label, nodeDead, yields };
    }
    if (place.server.state !== 'ready') return free(place);
    return leaving(place, owner, labels);
  });
}

const free = ({ fixed }: Place): Disposition =>
  fixed === undefined ? { is: 'free' } : { is: 'fixed', why: fixed };

type Nobody = Extract<Ownership, { of: 'nobody' }>;

function leaving({ hostPort }: Place, { servedBy }: Nobody, labels: Wanted['labels']): Disposition {
  if (hostPort === undefined)
    return { is: 'leaving', label: null, reason: 'ready without an address', gone: false };
  if (servedBy) {
    const reason = `${hostPort} is served by ${servedBy.place.server.slot} already`;
    return { is: 'leaving', label: servedBy.server.label, reason, gone: false };
  }
  const label = labels.get(hostPort) ?? null;
  const reason =
    label === null
      ? `nobody in Consul is at ${hostPort}`
      : `${label} is not for this pool and transport any more`;
  return { is: 'leaving', label, reason, gone: true };
}

function problemsOfKept(
  { backend }: PlaceGroup,
  { server: { slot, state }, hostPort = '' }: Place,
  { name: { label, hostName }, guessed }: Extract<Ownership, { of: 'unresolved' }>,
): Problem[] {
  const facts = { backend, slot, hostPort, instance: label };
  const kept: Problem = { code: 'server-kept', ...facts };
  if (!guessed || state !== 'ready') return [kept];
  return [kept, { code: 'server-kept-on-guess', ...facts, hostName }];
}

function serverOf(owner: Ownership): DesiredServer | undefined {
  if (owner.of === 'server') return owner.server;
  return owner.of === 'nobody' ? owner.servedBy?.server : undefined;
}

function labelAt({ hostPort = '' }: Place, owner: Ownership, labels: Wanted['labels']): string | null {
  return serverOf(owner)?.label ?? labels.get(hostPort) ?? null;
}
