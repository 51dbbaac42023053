// The slots of one range on one load balancer as a map: drawn on a canvas, walked through by keys, told in words.
import type { Cell } from '../shown.js';
import { h } from './dom.js';
import { type Colours, coloursOf, drawMark, drawPending, drawRing } from './marks.js';
import { cellWords } from './words-of-cell.js';

export interface MapSlot {
  /** Number of the slot in its pool. */
  readonly at: number;
  readonly name: string;
  readonly cell: Cell | null;
  readonly differs: boolean;
  /** Not found by the search that is on. */
  readonly faded: boolean;
}

export interface MapEvents {
  /** The pointer is at it, or at none. */
  readonly hover: (slot: MapSlot | undefined, x: number, y: number) => void;
  readonly choose: (slot: MapSlot) => void;
}

export interface SlotMap {
  readonly element: HTMLElement;
  show(label: string, slots: readonly MapSlot[], chosen: number | undefined): void;
  redraw(): void;
}

/** From one slot to the next, in pixels: the largest with which the map is not higher than it may be. */
const PITCHES = [28, 24, 20, 18, 16, 14, 12, 11, 10, 9, 8];
const HIGHEST = 176;
/** From so wide a window on, slots may be larger than 20. */
const WIDE = 2_200;
/** Around the slots, for the rings of those at the rim. */
const EDGE = 3;

let maps = 0;

export function slotMap({ hover, choose }: MapEvents): SlotMap {
  const id = `map-${++maps}`;
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const option = h('div', { role: 'option', id: `${id}-slot`, class: 'unseen', 'aria-selected': 'false' });
  const element = h(
    'div',
    { class: 'map', role: 'listbox', tabindex: 0, 'aria-activedescendant': `${id}-slot` },
    canvas,
    option,
  );
  let slots: readonly MapSlot[] = [];
  let chosen: number | undefined;
  let cursor = 0;
  let pitch = 12;
  let columns = 1;
  let asked = false;

  function redraw(): void {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  }
  function draw(): void {
    const width = element.clientWidth;
    if (width === 0) return;
    const across = (size: number): number => Math.max(1, Math.floor((width - 2 * EDGE) / size));
    const sizes = PITCHES.filter((size) => size <= 20 || window.innerWidth >= WIDE);
    pitch = sizes.find((size) => Math.ceil(slots.length / across(size)) * size <= HIGHEST) ?? 8;
    columns = across(pitch);
    const rows = Math.ceil(slots.length / columns);
    const ratio = window.devicePixelRatio || 1;
    const height = rows * pitch + 2 * EDGE;
    const [pixelsWide, pixelsHigh] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== pixelsWide || canvas.height !== pixelsHigh) {
      canvas.width = pixelsWide;
      canvas.height = pixelsHigh;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const colours = coloursOf(element);
    for (const [index, slot] of slots.entries()) drawSlot(context, index, slot, colours);
    // Over their neighbours.
    for (const [index, slot] of slots.entries()) {
      if (slot.differs && !slot.faded) drawRing(context, boxOf(index), colours.differs, 1.5);
      if (chosen === slot.at) drawRing(context, boxOf(index), colours.ink, 2);
    }
    const isFocused = document.activeElement === element;
    if (isFocused) drawRing(context, boxOf(cursor), colours.accent, 2);
  }
  function boxOf(index: number): readonly [number, number, number] {
    const gap = Math.max(2, Math.round(pitch / 6));
    const [column, row] = [index % columns, Math.floor(index / columns)];
    return [EDGE + column * pitch + gap / 2, EDGE + row * pitch + gap / 2, pitch - gap];
  }
  function drawSlot(context: CanvasRenderingContext2D, index: number, slot: MapSlot, colours: Colours): void {
    const { cell } = slot;
    const box = boxOf(index);
    context.globalAlpha = slot.faded ? 0.18 : 1;
    drawMark(context, cell === null ? 'unknown' : cell === 0 ? 'free' : cell[0], box, colours);
    if (cell !== null && cell !== 0 && cell[5] !== '') drawPending(context, box, colours);
    context.globalAlpha = 1;
  }

  function indexAt(event: MouseEvent): number | undefined {
    const { left, top } = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - left - EDGE) / pitch);
    const index = Math.floor((event.clientY - top - EDGE) / pitch) * columns + column;
    return column >= 0 && column < columns && index >= 0 && index < slots.length ? index : undefined;
  }
  function tell(): void {
    const slot = slots[cursor];
    option.textContent = slot
      ? [
          slot.name,
          ...cellWords(slot.cell),
          ...(slot.differs ? ['not the same on all load balancers'] : []),
        ].join(', ')
      : 'no slots';
    option.setAttribute('aria-setsize', String(slots.length));
    option.setAttribute('aria-posinset', String(cursor + 1));
    option.setAttribute('aria-selected', String(slot !== undefined && slot.at === chosen));
  }
  function moveTo(index: number): void {
    cursor = Math.min(slots.length - 1, Math.max(0, index));
    tell();
    redraw();
    const slot = slots[cursor];
    const [x, y, size] = boxOf(cursor);
    const { left, top } = canvas.getBoundingClientRect();
    hover(slot, left + x + size / 2, top + y + size);
  }
  /** The next one that somebody has, in that direction. */
  function used(step: 1 | -1): number {
    for (let index = cursor + step; index >= 0 && index < slots.length; index += step) {
      const { cell } = slots[index] ?? {};
      if (cell !== 0 && cell !== undefined && cell !== null) return index;
    }
    return cursor;
  }

  const moves: Readonly<Record<string, () => number>> = {
    ArrowRight: () => cursor + 1,
    ArrowLeft: () => cursor - 1,
    ArrowDown: () => (cursor + columns < slots.length ? cursor + columns : cursor),
    ArrowUp: () => (cursor - columns >= 0 ? cursor - columns : cursor),
    Home: () => 0,
    End: () => slots.length - 1,
    PageDown: () => used(1),
    PageUp: () => used(-1),
  };
  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moves[event.key];
    const slot = slots[cursor];
    if (move) moveTo(move());
    else if ((event.key === 'Enter' || event.key === ' ') && slot) choose(slot);
    else return;
    event.preventDefault();
  });
  element.addEventListener('focus', () => {
    tell();
    redraw();
  });
  element.addEventListener('blur', () => {
    hover(undefined, 0, 0);
    redraw();
  });
  canvas.addEventListener('pointermove', (event) => {
    const index = indexAt(event);
    hover(index === undefined ? undefined : slots[index], event.clientX, event.clientY);
  });
  canvas.addEventListener('pointerleave', () => hover(undefined, 0, 0));
  canvas.addEventListener('click', (event) => {
    const index = indexAt(event);
    const slot = index === undefined ? undefined : slots[index];
    if (index === undefined || !slot) return;
    cursor = index;
    tell();
    choose(slot);
  });
  new ResizeObserver(redraw).observe(element);

  return {
    element,
    redraw,
    show(label, shown, now) {
      slots = shown;
      chosen = now;
      cursor = Math.min(cursor, Math.max(0, slots.length - 1));
      element.setAttribute('aria-label', label);
      tell();
      redraw();
    },
  };
}
