// Looks, every second, whether the process at each admin address is still the one that it was.
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Identity } from '../../haproxy/identity.js';
import { type Answerer, isOtherProcess } from '../../haproxy/who-answers.js';
import { printAdminAddress, type SocketAddress } from '../../model/admin-address.js';

export interface PresenceDeps {
  /** Asks who is there, in at most a second. */
  readonly ask: (address: SocketAddress) => Promise<Answerer>;
  /** A run is under way: it has the socket, and sees what there is to see. */
  readonly isRunning: () => boolean;
  /** Another process is there, or the first that is met. */
  readonly onNew: (address: string, isFirst: boolean) => void;
}

export interface Presence {
  /** Looks at these from now on. */
  follow(addresses: readonly SocketAddress[]): void;
  /** The process there, as far as it is known. */
  pidOf(address: string): number | undefined;
  /** Why nobody answers; undefined: somebody does, or it is not known. */
  error(address: string): string | undefined;
  close(): void;
}

/** Between two looks at one address, in milliseconds; through a gateway each look is a handshake. */
const EVERY_MS = 1_000;
const EVERY_TLS_MS = 1_500;
/** All addresses together are looked at no more often than this allows, in milliseconds for each. */
const SHARE_MS = 125;
const LONGEST_MS = 5_000;
/** Who is away is waited for, at first with short looks. */
const AWAY_MS = 50;
const LONGEST_AWAY_MS = 500;

/**
 * Nothing tells of a reload: a unix socket is handed from one process to the next, and a connection that is kept
 * would be holding the lock, or keep the old process from ending. So each look is a connection of its own with one
 * command, about a millisecond long, and none is made while a run is.
 */
export function makePresence({ ask, isRunning, onNew }: PresenceDeps): Presence {
  let isClosed = false;
  const followed = new Map<string, { readonly stop: AbortController; state: State }>();

  async function look(address: SocketAddress, entry: { readonly stop: AbortController; state: State }) {
    const name = printAdminAddress(address);
    for (let away = 0, changes = 0; !entry.stop.signal.aborted; ) {
      const answerer = isRunning() ? 'busy' : await ask(address);
      if (entry.stop.signal.aborted) return;
      if (answerer === 'nobody') {
        away += 1;
        entry.state = { ...entry.state, away: true };
      } else if (answerer !== 'busy' && !answerer.stopping) {
        away = 0;
        const { identity, away: wasAway } = entry.state;
        const isNew = identity === undefined || wasAway || isOtherProcess(identity, answerer);
        entry.state = { identity: answerer };
        // Two processes at one address take turns; their runs say so, and need not do it without a rest.
        changes = isNew ? changes + 1 : 0;
        if (isNew) onNew(name, identity === undefined);
      }
      const everyMs = restMs(address.kind === 'tls' ? EVERY_TLS_MS : EVERY_MS, followed.size, changes);
      const ms = away > 0 ? Math.min(LONGEST_AWAY_MS, AWAY_MS * 2 ** Math.min(away - 1, 10)) : everyMs;
      await sleepFor(ms, undefined, { signal: entry.stop.signal }).catch(() => undefined);
    }
  }

  return {
    follow(addresses) {
      // A run that was under way when all was closed.
      if (isClosed) return;
      const wanted = new Map(addresses.map((address) => [printAdminAddress(address), address]));
      for (const [name, { stop }] of followed) {
        if (wanted.has(name)) continue;
        stop.abort();
        followed.delete(name);
      }
      for (const [name, address] of wanted) {
        if (followed.has(name)) continue;
        const entry = { stop: new AbortController(), state: {} };
        followed.set(name, entry);
        void look(address, entry);
      }
    },
    pidOf: (address) => followed.get(address)?.state.identity?.pid,
    error: (address) => (followed.get(address)?.state.away ? 'nobody answers there' : undefined),
    close() {
      isClosed = true;
      for (const { stop } of followed.values()) stop.abort();
      followed.clear();
    },
  };
}

interface State {
  readonly identity?: Identity;
  readonly away?: true;
}

/** With `count` of them, and after as many changes in a row as no restart makes. */
function restMs(everyMs: number, count: number, changes: number): number {
  const restless = changes > 2 ? 2 ** Math.min(changes - 2, 10) : 1;
  return Math.min(Math.max(LONGEST_MS, SHARE_MS * count), Math.max(everyMs * restless, SHARE_MS * count));
}
