// What this browser knows: the last state that it was told, and what was said since. Pure.
import type { HistoryEvent } from '../../../model/history.js';
import type {
  Cell,
  EventMessage,
  FullMessage,
  PatchMessage,
  PlotPoint,
  ShownCover,
  ShownHead,
  ShownLoad,
  SlotCells,
} from '../shown.js';

export interface PoolSlots {
  readonly backend: string;
  readonly names: readonly string[];
  readonly cells: SlotCells[];
}

export interface Store {
  head: ShownHead | null;
  slots: PoolSlots[];
  /** When the look began, by the server's wall; null: none has ended. */
  atMs: number | null;
  /** What the server's wall is ahead of ours, in milliseconds. */
  aheadMs: number;
  events: HistoryEvent[];
  plot: Map<number, PlotPoint>;
  cover: ShownCover;
  load: readonly ShownLoad[];
}

const MOST_EVENTS = 300;

export const emptyStore = (): Store => ({
  head: null,
  slots: [],
  atMs: null,
  aheadMs: 0,
  events: [],
  plot: new Map(),
  cover: { source: '', sinceMs: null },
  load: [],
});

export function takeFull(store: Store, message: FullMessage, nowMs: number): void {
  store.head = message.head;
  store.slots = message.slots.map(({ backend, names, cells }) => ({ backend, names, cells: [...cells] }));
  store.atMs = message.atMs;
  store.aheadMs = message.nowMs - nowMs;
  store.events = [...message.events];
  store.plot = new Map(message.plot.map((point) => [point.atMs, point]));
  store.cover = message.cover;
  store.load = message.load;
}

/** Says what is another. */
export function takePatch(
  store: Store,
  message: PatchMessage,
  nowMs: number,
): { head: boolean; cells: boolean } {
  store.atMs = message.atMs;
  store.aheadMs = message.nowMs - nowMs;
  if (message.head) store.head = message.head;
  if (message.load) store.load = message.load;
  for (const [pool, changed] of Object.entries(message.cells ?? {})) {
    const cells = store.slots[Number(pool)]?.cells;
    if (cells) for (const [slot, value] of changed) cells[slot] = value;
  }
  return { head: message.head !== undefined, cells: message.cells !== undefined };
}

export function takeEvents(store: Store, { events, plot }: EventMessage): void {
  store.events = [...store.events, ...events].slice(-MOST_EVENTS);
  for (const point of plot) store.plot.set(point.atMs, point);
}

const isEach = (cells: SlotCells): cells is { readonly each: readonly (Cell | null)[] } =>
  typeof cells === 'object' && !Array.isArray(cells);

/** On one load balancer; null: not there, or not known. */
export const cellAt = (cells: SlotCells | undefined, balancer: number): Cell | null =>
  cells === undefined ? null : isEach(cells) ? (cells.each[balancer] ?? null) : cells;

/** Whether those that were read now do not agree. */
export function differs(cells: SlotCells | undefined, read: readonly boolean[]): boolean {
  if (cells === undefined || !isEach(cells)) return false;
  const texts = cells.each.filter((_, at) => read[at]).map((cell) => JSON.stringify(cell));
  return texts.some((text) => text !== texts[0]);
}
