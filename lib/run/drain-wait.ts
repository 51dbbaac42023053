// Waits until drained slots have no requests any more: once a second a look, with a connection of its own, so that runs go on.
import { readHAProxy } from '../haproxy/read.js';
import type { Clock } from '../model/clock.js';
import { messageOf } from '../model/errors.js';
import type { Observed } from '../model/server.js';
import { byLoadBalancer, type Drained, type HandDeps, serverAt, whyOther, withConnection } from './drain.js';

/** Between two looks, in milliseconds. */
const PAUSE_MS = 1_000;

/** How many requests a slot has. */
export interface SlotLoad {
  readonly slot: Drained;
  /** Undefined: it could not be read. */
  readonly requests?: number;
  /** Why not. */
  readonly error?: string;
}

export type WaitEnd =
  /** No requests, two looks in a row. */
  | { readonly is: 'idle' }
  /** The time is over. */
  | { readonly is: 'late'; readonly loads: readonly SlotLoad[] }
  /** It is not the same drain any more, for these reasons. */
  | { readonly is: 'broken'; readonly slots: readonly { readonly slot: Drained; readonly why: string }[] };

export interface WaitDeps extends HandDeps {
  readonly clock: Clock;
  /** Told of every look. */
  readonly onLook: (loads: readonly SlotLoad[]) => void;
}

/** A load balancer that cannot be read in one look is read in the next one. Never throws. */
export async function waitUntilIdle(
  deps: WaitDeps,
  slots: readonly Drained[],
  timeoutMs: number,
): Promise<WaitEnd> {
  const { clock, onLook } = deps;
  const deadline = clock.monotonicMs() + timeoutMs;
  for (let idle = 0; ; ) {
    const looks = (
      await Promise.all(byLoadBalancer(slots).map(([name, own]) => look(deps, name, own)))
    ).flat();
    const broken = looks.flatMap(({ slot, why }) => (why === undefined ? [] : [{ slot, why }]));
    if (broken.length > 0) return { is: 'broken', slots: broken };
    onLook(looks);
    idle = looks.every(({ requests }) => requests === 0) ? idle + 1 : 0;
    if (idle === 2) return { is: 'idle' };
    const left = deadline - clock.monotonicMs();
    if (left <= 0) return { is: 'late', loads: looks };
    await clock.sleep(Math.min(PAUSE_MS, left));
  }
}

interface SlotLook extends SlotLoad {
  /** Why the wait is over. */
  readonly why?: string;
}

async function look(deps: HandDeps, name: string, slots: readonly Drained[]): Promise<SlotLook[]> {
  const backends = [...new Set(slots.map(({ backend }) => backend))];
  try {
    const observed = await withConnection(deps, name, (connection) => readHAProxy(connection, backends));
    return slots.map((slot): SlotLook => {
      const why = whyOver(slot, observed);
      if (why !== undefined) return { slot, why };
      return { slot, requests: serverAt(slot, observed)?.sessions ?? 0 };
    });
  } catch (error) {
    return slots.map((slot) => ({ slot, error: messageOf(error) }));
  }
}

function whyOver(slot: Drained, observed: Observed): string | undefined {
  const { process } = slot;
  const now = observed.process;
  // In a container every process is number 1.
  const isOther = process && (process.pid !== now.pid || now.uptimeSeconds < process.uptimeSeconds);
  if (isOther) return 'HAProxy was restarted, or reloaded: what its old process still has cannot be seen';
  const server = serverAt(slot, observed);
  const other = whyOther(slot, server);
  if (other !== undefined || !server) return other;
  return server.state === 'drain' ? undefined : `it was undrained: its state is ${server.state}`;
}
