// Makes what the page shows of a look at the fleet; what could not be read is shown as it was, with its age. Pure.
import type { Config } from '../../config/pools.js';
import { BUILD } from '../../model/build.js';
import {
  hostPortOf,
  type LoadBalancerStatus,
  type SlotStatus,
  type Status,
  wordOf,
} from '../../model/status.js';
import { plainText } from '../../model/text.js';
import { placementOf } from '../../plan/placement-of.js';
import type { FleetLook } from '../../run/look.js';
import { shortNames } from '../../run/why/verdict.js';
import type {
  Cell,
  ShownBalancer,
  ShownCounts,
  ShownFinding,
  ShownHead,
  ShownLoad,
  ShownPool,
  ShownRuns,
  ShownSlots,
  SlotCells,
} from './shown.js';

/** What the last look that could read it said of a load balancer, of Consul, or of nobody yet. */
export interface Remembered {
  /** By the load balancer's address. */
  readonly balancers: ReadonlyMap<string, RememberedBalancer>;
  readonly consul:
    | { readonly atMs: number; readonly index: string | null; readonly instances: number }
    | undefined;
}

interface RememberedBalancer {
  readonly atMs: number;
  readonly status: LoadBalancerStatus;
  /** Backend to the names of its slots. */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

export const NOTHING: Remembered = { balancers: new Map(), consul: undefined };

export interface Snapshot {
  readonly atMs: number;
  readonly head: ShownHead;
  readonly slots: readonly ShownSlots[];
  readonly load: readonly ShownLoad[];
  /** For the next one. */
  readonly remembered: Remembered;
}

/** The page has a place of its own for them. */
const TOLD_APART: ReadonlySet<string> = new Set([
  'consul-unread',
  'load-balancer-busy',
  'load-balancer-down',
]);
/** Entries of each list, at most. */
const MOST = 100;
/** Of a text that comes from elsewhere. */
const LONGEST = 500;

const text = (value: string): string => plainText(value, LONGEST);

export function snapshotOf(
  look: FleetLook,
  status: Status,
  config: Config,
  runs: ShownRuns,
  before: Remembered = NOTHING,
): Snapshot {
  const remembered = remember(look, status, config, before);
  const names = shortNames(status.loadBalancers.map(({ address }) => address));
  const nameOf = (address: string): string => names.get(address) ?? address;
  const known = status.loadBalancers.map(({ address }) => remembered.balancers.get(address));
  const pending = pendingOn(status);
  const slots = config.pools.map(({ backend }) => slotsOf(backend, status, known, pending));
  const seen = new Set(status.loadBalancers.flatMap((one) => one.slots.map(({ instance }) => instance)));
  const wanted = status.instances;
  const findings = status.attention.filter(({ code }) => !TOLD_APART.has(code));
  return {
    atMs: look.takenAtMs,
    slots,
    load: status.loadBalancers.map(loadOf),
    remembered,
    head: {
      build: [BUILD.version, BUILD.commit].filter(Boolean).join(' '),
      fingerprint: status.lookedBy.config,
      consul: {
        index: status.consul.index ?? remembered.consul?.index ?? null,
        instances: status.consul.instances ?? remembered.consul?.instances ?? null,
        error: status.consul.error === undefined ? null : text(status.consul.error),
        asOfMs: status.instances === null ? (remembered.consul?.atMs ?? null) : null,
      },
      runs,
      balancers: status.loadBalancers.map((one, at) => balancerOf(one, nameOf(one.address), known[at])),
      pools: config.pools.map((pool, at) => poolOf(pool, status, known, slots[at])),
      findings: findings.slice(0, MOST).map((one) => findingOf(one, nameOf)),
      moreFindings: Math.max(0, findings.length - MOST),
      pending: status.pending.count,
      changes: status.pending.changes.slice(0, MOST).map(({ loadBalancers, ...change }) => ({
        ...change,
        reason: text(change.reason),
        on: loadBalancers.map(nameOf),
      })),
      unslotted: (wanted ?? [])
        .filter(({ instance }) => !seen.has(instance))
        .slice(0, MOST)
        .map(({ instance, address, health }) => [instance, text(address), health] as const),
      lookError: null,
    },
  };
}

function remember(look: FleetLook, status: Status, { pools }: Config, before: Remembered): Remembered {
  const balancers = new Map(before.balancers);
  const current = new Set(status.loadBalancers.map(({ address }) => address));
  for (const address of balancers.keys()) if (!current.has(address)) balancers.delete(address);
  for (const [at, one] of status.loadBalancers.entries()) {
    const observed = look.loadBalancers[at]?.observed;
    if (!observed) continue;
    const names = new Map(
      pools.map((pool) => {
        const groups = placementOf(pool).groupsOf(pool, observed.backends.get(pool.backend) ?? []);
        return [
          pool.backend,
          groups.flatMap(({ places }) => places.map(({ server }) => server.slot)),
        ] as const;
      }),
    );
    balancers.set(one.address, { atMs: look.takenAtMs, status: labelled(one, status, balancers), names });
  }
  const { index, instances } = status.consul;
  const consul = instances === null ? before.consul : { atMs: look.takenAtMs, index, instances };
  return { balancers, consul };
}

/** With Consul away, whoever was known to be at an address is still the best guess, and the page says its age. */
function labelled(
  one: LoadBalancerStatus,
  { instances }: Status,
  before: ReadonlyMap<string, RememberedBalancer>,
): LoadBalancerStatus {
  if (instances !== null) return one;
  const old = before.get(one.address)?.status.slots ?? [];
  const labels = new Map(old.map((slot) => [`${slot.backend} ${hostPortOf(slot)}`, slot.instance]));
  return {
    ...one,
    slots: one.slots.map((slot) => ({
      ...slot,
      instance: labels.get(`${slot.backend} ${hostPortOf(slot)}`) ?? null,
    })),
  };
}

function balancerOf(
  { address, state, error, version }: LoadBalancerStatus,
  name: string,
  known: RememberedBalancer | undefined,
): ShownBalancer {
  return {
    address,
    name,
    state,
    error: error === undefined ? null : text(error),
    version: version ?? known?.status.version ?? null,
    asOfMs: state === 'read' ? null : (known?.atMs ?? null),
  };
}

function findingOf(
  { level, code, text: words, next, loadBalancers, instance }: Status['attention'][number],
  nameOf: (address: string) => string,
): ShownFinding {
  const slot = /\b[\w.:-]{1,64}\/[\w.-]+\d\b/.exec(words)?.[0];
  const [, server] = code === 'differs' ? (/^\S+ (\S+:\d+): /.exec(words) ?? []) : [];
  return {
    level,
    text: text(words).replace(/\b(?:tcp|tls):\/\/[^\s,;]+/g, nameOf),
    next: text(next),
    on: loadBalancers.map(nameOf),
    about: instance ?? server ?? slot ?? null,
  };
}

/** Backend, slot and load balancer to what the next run does there. */
function pendingOn({ pending }: Status): ReadonlyMap<string, string> {
  return new Map(
    pending.changes.flatMap(({ action, backend, slot, loadBalancers }) =>
      loadBalancers.map((address) => [`${backend}/${slot} ${address}`, action] as const),
    ),
  );
}

/** Of all load balancers, each slot; those that cannot be read as they were. */
function slotsOf(
  backend: string,
  status: Status,
  known: readonly (RememberedBalancer | undefined)[],
  pending: ReadonlyMap<string, string>,
): ShownSlots {
  const names = [...new Set(known.flatMap((one) => one?.names.get(backend) ?? []))];
  const tables = known.map((one, at) => {
    if (!one) return undefined;
    const address = status.loadBalancers[at]?.address ?? '';
    const used = new Map(
      one.status.slots.filter((slot) => slot.backend === backend).map((slot) => [slot.slot, slot]),
    );
    const there = new Set(one.names.get(backend));
    return (name: string): Cell | null => {
      if (!there.has(name)) return null;
      return cellOf(used.get(name), pending.get(`${backend}/${name} ${address}`) ?? '');
    };
  });
  return {
    backend,
    names,
    cells: names.map((name) =>
      together(
        tables.map((table) => table?.(name) ?? null),
        tables.map((table) => table !== undefined),
      ),
    ),
  };
}

function cellOf(slot: SlotStatus | undefined, pending: string): Cell {
  if (!slot) return pending === '' ? 0 : ['free', '', null, 0, 0, pending];
  const instance = slot.instance === null ? null : text(slot.instance);
  // In maintenance at the address of nobody: the next one may have it.
  const word = slot.state === 'maintenance' && instance === null ? 'free' : wordOf(slot);
  if (word === 'free' && pending === '') return 0;
  return [word, hostPortOf(slot), instance, slot.weight, slot.maxconn, pending];
}

/** One where all that are known are the same. */
function together(each: readonly (Cell | null)[], isKnown: readonly boolean[]): SlotCells {
  const [first] = each.filter((_, at) => isKnown[at]);
  if (first === undefined || first === null) return { each };
  return each.every((cell, at) => !isKnown[at] || isSame(cell, first)) ? first : { each };
}

function isSame(a: Cell | null, b: Cell): boolean {
  if (a === b) return true;
  return a !== null && a !== 0 && b !== 0 && a.every((value, at) => value === b[at]);
}

function poolOf(
  { backend, service }: Config['pools'][number],
  status: Status,
  known: readonly (RememberedBalancer | undefined)[],
  slots: ShownSlots | undefined,
): ShownPool {
  const counts = known.map((one, at): ShownCounts | null => {
    const pool = one?.status.pools.find((other) => other.backend === backend);
    if (!one || !pool || !slots) return null;
    const found = { serving: 0, down: 0, 'weight-0': 0, drain: 0, maintenance: 0, free: 0 };
    for (const cells of slots.cells) {
      const cell = typeof cells === 'object' && 'each' in cells ? cells.each[at] : cells;
      if (cell === null || cell === undefined) continue;
      found[cell === 0 ? 'free' : cell[0]] += 1;
    }
    const { 'weight-0': weightless, ...others } = found;
    return { ...others, weightless, slots: pool.slots, unplaced: pool.unplaced?.length ?? 0 };
  });
  const read = status.loadBalancers.map(({ state }) => state === 'read');
  return {
    backend,
    service,
    wanted: status.instances?.filter(({ backends }) => backends.includes(backend)).length ?? null,
    counts,
    differing: (slots?.cells ?? []).filter((cells) => differs(cells, read)).length,
  };
}

/** Among those that were read now. */
function differs(cells: SlotCells, read: readonly boolean[]): boolean {
  if (typeof cells !== 'object' || !('each' in cells)) return false;
  const [first, ...others] = cells.each.filter((_, at) => read[at]);
  return others.some((cell) =>
    first === null || first === undefined ? cell !== first : !isSame(cell, first),
  );
}

function loadOf({ state, slots }: LoadBalancerStatus): ShownLoad {
  if (state !== 'read') return null;
  let running = 0;
  let queued = 0;
  let rate = 0;
  for (const slot of slots) {
    running += slot.running;
    queued += slot.queued;
    rate += slot.rate;
  }
  return [running, queued, rate];
}
