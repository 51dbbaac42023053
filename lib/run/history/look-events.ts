// What a look tells: another process, DOWN and UP by HAProxy's checks, and what somebody else changed. Pure.
import { printHostPort } from '../../model/address.js';
import { type EventPlace, type Happening, isoOf } from '../../model/history.js';
import type {
  CheckDetail,
  Observed,
  ObservedServer,
  ServerDetail,
  ServerSettings,
} from '../../model/server.js';
import {
  balancerIn,
  isChangedBetween,
  isDown,
  type Known,
  type KnownBalancer,
  type KnownServer,
  slotKey,
} from './known.js';
import { type BalancerFacts, consulEvents, eventsOfHeld, kept } from './run-events.js';

/** The part of a FleetLook that the history is made of. */
export interface LookFacts {
  readonly takenAtMs: number;
  readonly catalogView?: {
    readonly view: { readonly labels: ReadonlyMap<string, ReadonlyMap<string, string>> };
  };
  readonly consulError?: string;
  readonly loadBalancers: readonly {
    readonly address: string;
    readonly observed?: Observed;
    readonly report?: Pick<BalancerFacts, 'pools'>;
  }[];
}

/** When a process began is known to the second; in milliseconds. */
const START_TOLERANCE_MS = 2_000;

export function eventsOfLook(known: Known, look: LookFacts): Happening[] {
  const { takenAtMs, catalogView, consulError, loadBalancers } = look;
  const labels = new Map([...(catalogView?.view.labels.values() ?? [])].flatMap((of) => [...of]));
  return [
    ...consulEvents(known, consulError, catalogView !== undefined, takenAtMs),
    ...loadBalancers.flatMap(({ address, observed, report }) => {
      if (!observed) return [];
      const seen = { address, observed, labels, takenAtMs };
      return ofBalancer(known, seen, report?.pools ?? []);
    }),
  ];
}

interface Seen {
  readonly address: string;
  readonly observed: Observed;
  /** By `address:port`. */
  readonly labels: ReadonlyMap<string, string>;
  readonly takenAtMs: number;
}

function ofBalancer(known: Known, seen: Seen, pools: BalancerFacts['pools']): Happening[] {
  const balancer = balancerIn(known, seen.address);
  const process = ofProcess(balancer, seen);
  // An older process at the same address: two of them answer by turns, which other findings name.
  if (process === 'older') return [];
  const { suspects } = balancer;
  balancer.suspects = [];
  const servers: Happening[] = [];
  for (const [backend, listed] of seen.observed.backends)
    for (const server of listed)
      if (server.fixed === undefined) servers.push(...ofServer(balancer, seen, backend, server));
  const held = eventsOfHeld(known, seen.address, pools);
  return [...process, ...(process.length > 0 ? [] : suspects), ...held, ...servers];
}

function ofProcess(
  balancer: KnownBalancer,
  { address, observed, takenAtMs }: Seen,
): readonly Happening[] | 'older' {
  const { pid, version, uptimeSeconds, startedAt } = observed.process;
  const startedAtMs = startedAt === undefined ? takenAtMs - uptimeSeconds * 1_000 : startedAt * 1_000;
  const before = balancer.process;
  const laterMs = before ? startedAtMs - before.startedAtMs : 0;
  if (before && laterMs < -START_TOLERANCE_MS) return 'older';
  const isOther = before !== undefined && (before.pid !== pid || laterMs > START_TOLERANCE_MS);
  if (!before || isOther) balancer.process = { pid, startedAtMs };
  if (!isOther) return [];
  balancer.servers = new Map();
  balancer.down.clear();
  return [
    {
      kind: 'haproxy-restarted',
      loadBalancer: address,
      haproxy: kept(version),
      pid,
      since: isoOf(startedAtMs),
    },
  ];
}

function ofServer(balancer: KnownBalancer, seen: Seen, backend: string, server: ObservedServer): Happening[] {
  const { takenAtMs, observed } = seen;
  const key = slotKey(backend, server.slot);
  const before = balancer.servers.get(key);
  // A run has been there since.
  if (before && before.atMs > takenAtMs) return [];
  const { address, port, weight, maxconn, state, status } = server;
  const settings = { address, port, weight, maxconn, state };
  const place = placeOf(balancer, seen, backend, server);
  balancer.servers.set(key, { settings, status, atMs: takenAtMs });
  return [
    ...(before && isChangedBetween(before.settings, server.hasAgent ? asBefore(settings, before) : settings)
      ? [{ kind: 'changed-elsewhere' as const, ...place, before: before.settings, after: settings }]
      : []),
    ...ofCheck(balancer, place, server, observed.details?.get(backend)?.get(server.slot), takenAtMs, before),
  ];
}

/** Weight and state are what its agent-check says, as often as it likes: that is nobody's hand. */
const asBefore = (
  settings: ServerSettings,
  { settings: { weight, state } }: KnownServer,
): ServerSettings => ({
  ...settings,
  weight,
  state,
});

function ofCheck(
  { down }: KnownBalancer,
  place: EventPlace,
  server: ObservedServer,
  detail: ServerDetail | undefined,
  takenAtMs: number,
  before: KnownServer | undefined,
): Happening[] {
  const key = slotKey(place.backend, place.slot);
  const isOut = isDown(server);
  if (isOut === down.has(key)) return [];
  if (isOut) down.add(key);
  else down.delete(key);
  // Taken out of rotation meanwhile: that is told of, and its check says nothing any more.
  if (!isOut && server.state !== 'ready') return [];
  const seconds = detail?.sinceSeconds;
  const check = detail?.check && wordsOf(detail.check);
  return [
    {
      kind: isOut ? 'server-down' : 'server-up',
      ...place,
      status: kept(server.status),
      ...(check ? { check } : {}),
      ...(seconds === undefined ? {} : { since: isoOf(takenAtMs - seconds * 1_000) }),
      ...(before ? {} : { already: true as const }),
    },
  ];
}

const wordsOf = ({ status, words }: CheckDetail): string =>
  kept([status.replace(/^\* /, ''), words].filter(Boolean).join(': '));

function placeOf(
  { instances }: KnownBalancer,
  { address: loadBalancer, labels }: Seen,
  backend: string,
  { slot, address, port }: ObservedServer,
): EventPlace {
  const here = address === null ? undefined : labels.get(printHostPort(address, port));
  const key = slotKey(backend, slot);
  if (here !== undefined) instances.set(key, here);
  return { loadBalancer, backend, slot, instance: here ?? instances.get(key) ?? null };
}
