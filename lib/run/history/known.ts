// What is known of a fleet from one look or run to the next, and what of that can be read out of its events. Pure.
import type { ElsewhereEvent, HistoryEvent } from '../../model/history.js';
import type { ObservedServer, ServerSettings } from '../../model/server.js';

/** A server as it was seen or left. */
export interface KnownServer {
  readonly settings: ServerSettings;
  /** HAProxy's word; undefined where a run left it and nobody looked since. */
  readonly status: string | undefined;
  /** When, in milliseconds since the epoch: an older look says nothing about it. */
  readonly atMs: number;
}

export interface KnownProcess {
  readonly pid: number;
  readonly startedAtMs: number;
}

/** By `backend/slot`. */
export interface KnownBalancer {
  /** Whether who is held there was ever told. */
  isMet: boolean;
  process?: KnownProcess;
  servers: Map<string, KnownServer>;
  /** Who is where, as last told. */
  readonly instances: Map<string, string>;
  /** In drain. */
  readonly held: Set<string>;
  /** Ready, and DOWN by HAProxy's check. */
  readonly down: Set<string>;
  /** What a run met otherwise than it was known: told once a look finds that it is still the same process. */
  suspects: ElsewhereEvent[];
  failing?: Failing;
}

/** Since when something fails (ISO), and for which reason, without its numbers. */
export interface Failing {
  readonly since: string;
  readonly key: string;
}

export interface Known {
  readonly balancers: Map<string, KnownBalancer>;
  /** Somebody kept the history before: what is told of for the first time was not so then. */
  hasPast?: true;
  /** What is wrong beside the load balancers. */
  failing?: Failing;
  /** Since when Consul cannot be read (ISO). */
  consulLost?: string;
  build?: string;
  configuration?: string;
}

export const nothingKnown = (): Known => ({ balancers: new Map() });

export function balancerIn({ balancers }: Known, address: string): KnownBalancer {
  const known = balancers.get(address);
  if (known) return known;
  const fresh: KnownBalancer = {
    isMet: false,
    servers: new Map(),
    instances: new Map(),
    held: new Set(),
    down: new Set(),
    suspects: [],
  };
  balancers.set(address, fresh);
  return fresh;
}

export const slotKey = (backend: string, slot: string): string => `${backend}/${slot}`;

export const isDown = ({ state, status }: Pick<ObservedServer, 'state' | 'status'>): boolean =>
  state === 'ready' && /^(?:DOWN|NOLB)/.test(status);

/** Whether somebody else made the one of the other; drain is told of by itself. */
export function isChangedBetween(a: ServerSettings, b: ServerSettings): boolean {
  const isDrain = a.state === 'drain' || b.state === 'drain';
  return (
    a.address !== b.address ||
    a.port !== b.port ||
    a.weight !== b.weight ||
    a.maxconn !== b.maxconn ||
    (a.state !== b.state && !isDrain)
  );
}

/** The same reason, however often it failed and whatever it counts. */
export const reasonKey = (errors: readonly string[]): string => errors.join('\n').replace(/\d+/g, '#');

/**
 * Takes in an event that was kept before: what lasts (drain, DOWN, failures) is known after it. What servers are
 * set to is not: whoever kept the history was away since.
 */
export function recall(known: Known, event: HistoryEvent): void {
  switch (event.kind) {
    case 'started':
      known.hasPast = true;
      known.build = event.build;
      known.configuration = event.configuration;
      return;
    case 'version-changed':
      known.build = event.after;
      return;
    case 'configuration-changed':
      known.configuration = event.after;
      return;
    case 'consul-lost':
      known.consulLost = event.at;
      return;
    case 'consul-back':
      delete known.consulLost;
      return;
    case 'runs-failing': {
      const holder = event.loadBalancer === undefined ? known : balancerIn(known, event.loadBalancer);
      holder.failing = { since: holder.failing?.since ?? event.at, key: reasonKey(event.errors) };
      return;
    }
    case 'runs-well':
      delete (event.loadBalancer === undefined ? known : balancerIn(known, event.loadBalancer)).failing;
      return;
    case 'haproxy-restarted': {
      const balancer = balancerIn(known, event.loadBalancer);
      balancer.process = { pid: event.pid, startedAtMs: Date.parse(event.since) };
      balancer.down.clear();
      return;
    }
    case 'change':
      recallChange(known, event);
      return;
    case 'drained':
    case 'undrained':
    case 'server-down':
    case 'server-up': {
      const balancer = balancerIn(known, event.loadBalancer);
      const key = slotKey(event.backend, event.slot);
      const set = event.kind === 'drained' || event.kind === 'undrained' ? balancer.held : balancer.down;
      if (event.kind === 'drained' || event.kind === 'server-down') set.add(key);
      else set.delete(key);
      if (event.instance !== null) balancer.instances.set(key, event.instance);
      balancer.isMet = true;
    }
  }
}

function recallChange(known: Known, event: HistoryEvent & { readonly kind: 'change' }): void {
  const balancer = balancerIn(known, event.loadBalancer);
  const key = slotKey(event.backend, event.slot);
  if (event.result !== 'done') return;
  if (event.after.state === 'maintenance') balancer.down.delete(key);
  if (event.action === 'remove') balancer.instances.delete(key);
  else if (event.instance !== null) balancer.instances.set(key, event.instance);
}
