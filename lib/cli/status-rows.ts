// The rows of `iri-lb status`: each instance with what every load balancer does with it. Pure.
import type { Action } from '../model/change.js';
import { type Health, isHealthy } from '../model/instance.js';
import { hostPortOf, type SlotStatus, type SlotWord, type Status, wordOf } from '../model/status.js';

/** `none`: no slot. `unknown`: that load balancer, or this backend of it, could not be read. */
export type RowCell = SlotStatus | 'none' | 'unknown';
export type RowWord = SlotWord | 'no-slot' | 'unknown';

export interface Row {
  /** Null: nobody in Consul, as far as it could be read. */
  readonly instance: string | null;
  readonly health: Health | null;
  readonly hostPort: string;
  /** In which it is the same; empty: no pool selects it. */
  readonly backends: readonly string[];
  /** In the order of the load balancers that were read. */
  readonly cells: readonly RowCell[];
  /** What the next run would do with it there. */
  readonly next: readonly Action[];
  readonly needsLook: boolean;
}

/** The load balancers that rows have cells of. */
export const readIn = ({ loadBalancers }: Status): Status['loadBalancers'] =>
  loadBalancers.filter(({ state }) => state === 'read');

export function cellWord(cell: RowCell): RowWord {
  if (cell === 'none') return 'no-slot';
  return cell === 'unknown' ? cell : wordOf(cell);
}

/** One for each instance; several where its backends do not do the same with it. Who needs a look comes first. */
export function rowsOf(status: Status): Row[] {
  const held = cellsByPlace(status);
  const nextOf = pendingBy(status);
  const rowOf = (instance: string | null, health: Health | null, place: Place): Row => {
    const next = nextOf(instance, place);
    const isPending = next.length > 0;
    return { instance, health, ...place, next, needsLook: isPending || needsLook(instance, health, place) };
  };
  const rows = (status.instances ?? []).flatMap((one) => {
    const found = held.backendsOf(one.service).flatMap((backend) => {
      const heldAt = one.leadsTo.flatMap((at) => held.take(backend, at) ?? []);
      const hostPort = heldAt[0]?.hostPort ?? one.leadsTo[0] ?? one.address;
      const cells = merged(heldAt.map((at) => at.cells));
      if (!cells && !one.backends.includes(backend)) return [];
      // Where a host name leads is not known, nor is then which slot it has.
      const nothing =
        one.leadsTo.length === 0 ? held.nowhere(backend).map(() => 'unknown' as const) : undefined;
      return [{ hostPort, backends: [backend], cells: cells ?? nothing ?? held.nowhere(backend) }];
    });
    const places = found.length > 0 ? found : [{ hostPort: one.address, backends: [], cells: [] }];
    return folded(places).map((place) => rowOf(one.instance, one.health, place));
  });
  for (const { backend, hostPort, cells } of held.left()) {
    const isFree = cells.every((cell) => cellWord(cell) === 'maintenance' || typeof cell === 'string');
    if (isFree && status.instances !== null) continue;
    const row = rowOf(null, null, { hostPort, backends: [backend], cells });
    // Where Consul could not be read, nobody knows who that is, and it may well serve.
    const serves = cells.every((cell) => cellWord(cell) === 'serving' || cell === 'unknown');
    rows.push(status.instances === null && serves ? { ...row, needsLook: false } : row);
  }
  return [...rows.filter(({ needsLook }) => needsLook), ...rows.filter(({ needsLook }) => !needsLook)];
}

type Place = Pick<Row, 'hostPort' | 'backends' | 'cells'>;

interface Held {
  readonly backend: string;
  readonly hostPort: string;
  /** In the order of the load balancers that were read. */
  readonly cells: RowCell[];
  isTaken: boolean;
}

/** Every place that some load balancer has somebody at, by backend, then by `address:port`. */
function cellsByPlace(status: Status) {
  const read = readIn(status);
  const places = new Map<string, Map<string, Held>>();
  const services = new Map<string, Set<string>>();
  const unknown = new Map<string, RowCell[]>();
  const nowhere = (backend: string): RowCell[] => {
    let cells = unknown.get(backend);
    if (!cells) {
      cells = read.map(({ pools }) => (pools.some((pool) => pool.backend === backend) ? 'none' : 'unknown'));
      unknown.set(backend, cells);
    }
    return cells;
  };
  for (const [at, { pools, slots }] of read.entries()) {
    for (const { backend, service } of pools)
      services.set(service, (services.get(service) ?? new Set()).add(backend));
    for (const slot of slots) {
      const { backend } = slot;
      const hostPort = hostPortOf(slot);
      const inBackend = places.get(backend) ?? new Map<string, Held>();
      places.set(backend, inBackend);
      let held = inBackend.get(hostPort);
      if (!held) {
        held = { backend, hostPort, cells: [...nowhere(backend)], isTaken: false };
        inBackend.set(hostPort, held);
      }
      held.cells[at] = better(held.cells[at] ?? 'none', slot);
    }
  }
  return {
    /** What is held there, for one of the instances at that place. */
    take(backend: string, hostPort: string): Held | undefined {
      const held = places.get(backend)?.get(hostPort);
      if (held) held.isTaken = true;
      return held;
    },
    /** What nobody has taken. */
    left: () => [...places.values()].flatMap((all) => [...all.values()].filter(({ isTaken }) => !isTaken)),
    backendsOf: (service: string) => [...(services.get(service) ?? [])],
    nowhere,
  };
}

/** Of several slots of one instance the one that serves most. */
function better(known: RowCell, other: RowCell): RowCell {
  if (typeof other === 'string') return known;
  return typeof known === 'string' || RANK[other.state] < RANK[known.state] ? other : known;
}

const RANK = { ready: 0, drain: 1, maintenance: 2 } as const;

/** Of all addresses that a host name has: on each load balancer the one that serves most. */
function merged([first, ...others]: readonly (readonly RowCell[])[]): readonly RowCell[] | undefined {
  if (!first || others.length === 0) return first;
  return first.map((cell, at) => others.reduce((best, cells) => better(best, cells[at] ?? 'none'), cell));
}

/** Backends that do the same with an instance are one row. */
function folded(places: readonly Place[]): Place[] {
  const once: Place[] = [];
  for (const place of places) {
    const at = once.findIndex((other) => isSamePlace(other, place));
    const same = once[at];
    if (same) once[at] = { ...same, backends: [...same.backends, ...place.backends] };
    else once.push(place);
  }
  return once;
}

const isSamePlace = (one: Place, other: Place): boolean =>
  one.hostPort === other.hostPort &&
  one.cells.length === other.cells.length &&
  one.cells.every((cell, at) => isSameCell(cell, other.cells[at] ?? 'none'));

function isSameCell(one: RowCell, other: RowCell): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return one.slot === other.slot && one.weight === other.weight && cellWord(one) === cellWord(other);
}

/** What is pending for an instance, or at the slots of a place that nobody in Consul has. */
function pendingBy({ pending }: Status): (instance: string | null, place: Place) => Action[] {
  const known = new Map<string, Set<Action>>();
  for (const { backend, slot, instance, action } of pending.changes) {
    const key = `${backend} ${instance ?? slot}`;
    known.set(key, (known.get(key) ?? new Set()).add(action));
  }
  return (instance, { backends, cells }) => {
    if (known.size === 0) return [];
    const names =
      instance === null ? cells.flatMap((cell) => (typeof cell === 'string' ? [] : cell.slot)) : [instance];
    const keys = backends.flatMap((backend) => names.map((name) => `${backend} ${name}`));
    return [...new Set(keys.flatMap((key) => [...(known.get(key) ?? [])]))];
  };
}

/** All is well where somebody healthy serves everywhere in the same way, and where no pool selects somebody. */
function needsLook(instance: string | null, health: Health | null, { backends, cells }: Place): boolean {
  if (instance === null) return true;
  if (health === null || !isHealthy(health)) return true;
  const known = cells.filter((cell) => cell !== 'unknown');
  if (known.some((cell) => cellWord(cell) !== 'serving')) return true;
  if (known.length === 0) return backends.length > 0;
  const [first = 'none'] = known;
  return !known.every((cell) => isSameCell(cell, first));
}
