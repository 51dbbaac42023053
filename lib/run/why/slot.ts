// A slot as HAProxy has it, with since when, as far as its word on that can be believed. Pure.
import type { ObservedServer, ServerDetail } from '../../model/server.js';
import type { Since, WhySlot } from '../../model/why.js';
import { hostPortOf } from './place.js';

export function slotOf(server: ObservedServer, detail: ServerDetail | undefined, takenAtMs: number): WhySlot {
  const { slot, state, status, weight, maxconn } = server;
  const since = sinceOf(server, detail, takenAtMs);
  const { sinceSeconds: _, ...load } = detail ?? {};
  return {
    name: slot,
    at: hostPortOf(server),
    state,
    status,
    ...(since ? { since } : {}),
    weight,
    maxconn,
    ...(detail ? { detail: load as Omit<ServerDetail, 'sinceSeconds'> } : {}),
  };
}

/** Longer than any process runs, in seconds: what says more is no time. */
const LONGEST = 1e9;

/** A drained server whose check fails shows DOWN, and HAProxy says since then, which is not since it was drained. */
function sinceOf(
  { state, status }: ObservedServer,
  detail: ServerDetail | undefined,
  takenAtMs: number,
): Since | undefined {
  const seconds = detail?.sinceSeconds;
  if (seconds === undefined || seconds > LONGEST || (state === 'drain' && status.startsWith('DOWN')))
    return undefined;
  return { source: 'haproxy', at: new Date(takenAtMs - 1_000 * seconds).toISOString(), seconds };
}
