// What `iri-lb drain` says: what it held, what that does not survive, and who still has requests. Pure.
import type { Drained } from '../run/drain.js';
import type { SlotLoad, WaitEnd } from '../run/drain-wait.js';
import { slotsText } from './hand-target.js';

/** Every slot that is in DRAIN by now, and how to go on. */
export function drainedLines(who: string, done: readonly Drained[], all: number): string[] {
  const drained = done.filter(({ result }) => result !== 'failed');
  if (drained.length === 0) return [];
  const already = drained.filter(({ result }) => result === 'already');
  const requests = drained.reduce((sum, slot) => sum + (slot.requests ?? 0), 0);
  const more = already.length === 0 ? '' : ` (${slotsText(already, all)} was before)`;
  return [
    `in DRAIN: ${slotsText(drained, all)}${more}; ${requestsText(requests)}`,
    `It is held until iri-lb undrain ${who}. HAProxy's restart without a state file forgets it, and a load balancer ` +
      'that comes new does not know of it: what lasts is iri-lb maint.',
  ];
}

const requestsText = (count: number): string => `${count} request${count === 1 ? '' : 's'} left`;

/** `3 requests left: web/s1 on tcp://a:1 2, web/s1 on tcp://b:1 1`. */
export function loadsText(loads: readonly SlotLoad[]): string {
  const sum = loads.reduce((all, { requests = 0 }) => all + requests, 0);
  const parts = loads
    .filter(({ requests }) => requests !== 0)
    .map(({ slot, requests }) => `${placeOf(slot)} ${requests ?? 'not known'}`);
  return parts.length === 0 ? 'no requests left' : `${requestsText(sum)}: ${parts.join(', ')}`;
}

const placeOf = ({ backend, slot, address }: Drained): string => `${backend}/${slot} on ${address}`;

/** How the wait ended, and what to do next. */
export function waitLines(who: string, end: WaitEnd): string[] {
  if (end.is === 'idle') return [`${who} has no requests any more`];
  if (end.is === 'broken')
    return end.slots.map(({ slot, why }) => `the wait is over: ${placeOf(slot)}: ${why}`);
  const unread = end.loads.flatMap(({ error }) => error ?? []);
  return [
    `the time is over: ${loadsText(end.loads)}`,
    ...[...new Set(unread)].map((error) => `not read: ${error}`),
    `It stays drained. iri-lb drain ${who} --now ends them at once ("shutdown sessions server").`,
  ];
}

/** The end of a wait for programs. */
export function printLoads(end: WaitEnd): object {
  const at = ({ address, backend, slot }: Drained) => ({ address, backend, slot });
  if (end.is === 'idle') return { end: 'idle' };
  if (end.is === 'broken')
    return { end: 'broken', slots: end.slots.map(({ slot, why }) => ({ ...at(slot), reason: why })) };
  const slots = end.loads.map(({ slot, requests, error }) => ({
    ...at(slot),
    requests: requests ?? null,
    ...(error === undefined ? {} : { error }),
  }));
  return { end: 'late', slots };
}
