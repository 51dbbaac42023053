// The pools: on each load balancer how many serve, and every slot on a map.
import type { CellWord, ShownBalancer, ShownCounts, ShownHead, ShownPool } from '../shown.js';
import { fill, h, setText } from './dom.js';
import { type MapEvents, type MapSlot, type SlotMap, slotMap } from './map.js';
import { coloursOf, drawMark } from './marks.js';
import { cellAt, differs, type Store } from './store.js';
import { clock, grouped, plural, span } from './words.js';
import { LEGEND } from './words-of-cell.js';

export interface Chosen {
  /** Number of the pool, and of the slot in it. */
  readonly pool: number;
  readonly slot: number;
}

export interface PoolEvents {
  readonly hover: (at: (Chosen & { readonly balancer: number }) | undefined, x: number, y: number) => void;
  readonly choose: (at: Chosen) => void;
}

interface Panel {
  readonly element: HTMLElement;
  show(): void;
  redraw(): void;
  /** Time has passed. */
  tick(): void;
}

export interface Pools extends Pick<Panel, 'redraw' | 'tick'> {
  show(store: Store, chosen: Chosen | undefined, isFound: ((name: string) => boolean) | undefined): void;
}

/** Slots of one `server-template` in their order, by the name before the number. */
interface Range {
  readonly prefix: string;
  readonly slots: readonly number[];
}

export function poolsIn(list: Element, events: PoolEvents): Pools {
  let shape = '';
  let panels: Panel[] = [];
  let store: Store | undefined;
  let chosen: Chosen | undefined;
  let isFound: ((name: string) => boolean) | undefined;

  const now = () => ({ store, chosen, isFound });
  function build(head: ShownHead): void {
    panels = [];
    const cards = head.pools.map((pool, at) => {
      const title = h('h3', { class: 'mono' }, pool.backend);
      const about = h('p', { class: 'quiet' });
      const badge = h('p', { class: 'badge differs' });
      const each = head.balancers.map((_, balancer) => balancerPanel(now, at, balancer, events));
      panels.push(
        {
          element: title,
          show: () => showTitle(now().store?.head?.pools[at], about, badge),
          redraw: () => {},
          tick: () => {},
        },
        ...each,
      );
      return h(
        'article',
        { class: 'card pool', 'aria-label': `Pool ${pool.backend}` },
        h('div', { class: 'section-head' }, h('div', { class: 'names' }, title, about), badge),
        h('div', { class: 'balancers' }, ...each.map(({ element }) => element)),
      );
    });
    fill(list, ...cards);
  }

  return {
    show(state, at, found) {
      [store, chosen, isFound] = [state, at, found];
      const { head } = state;
      if (!head) return;
      const next = JSON.stringify([
        head.pools.map(({ backend }) => backend),
        head.balancers.map(({ address }) => address),
      ]);
      if (next !== shape) build(head);
      shape = next;
      for (const panel of panels) panel.show();
    },
    redraw() {
      for (const panel of panels) panel.redraw();
    },
    tick() {
      for (const panel of panels) panel.tick();
    },
  };
}

function showTitle(pool: ShownPool | undefined, about: Element, badge: HTMLElement): void {
  if (!pool) return;
  const { service, wanted, differing } = pool;
  const whom = wanted === null ? 'who should be served is not known' : plural(wanted, 'instance');
  setText(about, `service ${service} · ${whom}`);
  badge.hidden = differing === 0;
  setText(badge, `${plural(differing, 'slot')} ${differing === 1 ? 'differs' : 'differ'}`);
}

type Now = () => {
  readonly store: Store | undefined;
  readonly chosen: Chosen | undefined;
  readonly isFound: ((name: string) => boolean) | undefined;
};

function balancerPanel(now: Now, pool: number, balancer: number, events: PoolEvents): Panel {
  const name = h('h4', { class: 'mono' });
  const state = h('p', { class: 'state' });
  const figures = h('div', { class: 'figures' });
  const bar = h('div', { class: 'stack', 'aria-hidden': 'true' });
  const body = h('div', { class: 'ranges' });
  const element = h('section', { class: 'balancer' }, h('header', {}, name, state), figures, bar, body);
  const maps = new Map<string, SlotMap>();
  let names: readonly string[] | undefined;
  let ranges: readonly Range[] = [];

  const mapEvents: MapEvents = {
    hover: (slot, x, y) => events.hover(slot && { pool, slot: slot.at, balancer }, x, y),
    choose: (slot) => events.choose({ pool, slot: slot.at }),
  };
  function tick(): void {
    const { store } = now();
    const shown = store?.head?.balancers[balancer];
    if (store && shown) showState(state, shown, store.aheadMs);
  }
  function show(): void {
    const { store, chosen, isFound } = now();
    const head = store?.head;
    const shown = head?.balancers[balancer];
    const counts = head?.pools[pool]?.counts[balancer] ?? null;
    const slots = store?.slots[pool];
    if (!head || !shown || !slots) return;
    setText(name, shown.name);
    element.setAttribute('aria-label', `${head.pools[pool]?.backend} on ${shown.name}`);
    element.classList.toggle('old', shown.state !== 'read');
    tick();
    showFigures(figures, bar, counts, head.pools[pool]?.wanted ?? null);
    if (slots.names !== names) ranges = rangesOf(slots.names);
    names = slots.names;
    const read = head.balancers.map((one) => one.state === 'read');
    const rows = ranges.map((range) => {
      const cells = range.slots.map((at): MapSlot => {
        const cells = slots.cells[at];
        const cell = counts === null ? null : cellAt(cells, balancer);
        const text = cell === null || cell === 0 ? '' : `${cell[1]} ${cell[2] ?? ''}`;
        const slotName = slots.names[at] ?? '';
        const faded = isFound !== undefined && !isFound(`${slots.backend}/${slotName} ${text}`);
        return {
          at,
          name: `${slots.backend}/${slotName}`,
          cell,
          differs: shown.state === 'read' && differs(cells, read),
          faded,
        };
      });
      return { range, cells };
    });
    const isThere = rows.filter(({ cells }) => cells.some(({ cell }) => cell !== null));
    const used = isThere.filter(({ cells }) =>
      cells.some(({ cell, differs: differ }) => cell !== 0 || differ),
    );
    const empty = isThere.filter((row) => !used.includes(row));
    const drawn = used.length > 0 ? used : empty.slice(0, 1);
    const elements = drawn.map(({ range, cells }) => {
      const map = maps.get(range.prefix) ?? slotMap(mapEvents);
      maps.set(range.prefix, map);
      const label = `${plural(cells.length, 'slot')} ${range.prefix} of ${slots.backend} on ${shown.name}`;
      map.show(label, cells, chosen?.pool === pool ? chosen.slot : undefined);
      return { caption: `${range.prefix} · ${plural(cells.length, 'slot')}`, map };
    });
    const rest = empty.filter((row) => !drawn.includes(row));
    const key = JSON.stringify([
      elements.map(({ caption }) => caption),
      rest.map(({ range }) => range.prefix),
    ]);
    if (body.dataset.key !== key) {
      body.dataset.key = key;
      body.replaceChildren(
        ...elements.map(({ caption, map }) =>
          h('div', { class: 'range' }, h('p', { class: 'caption mono' }, caption), map.element),
        ),
        ...(rest.length > 0 ? [h('p', { class: 'caption mono' }, restWords(rest))] : []),
        ...(isThere.length === 0 ? [h('p', { class: 'quiet empty' }, nothingWords(shown))] : []),
      );
    }
  }
  return {
    element,
    show,
    redraw: () => {
      for (const map of maps.values()) map.redraw();
    },
    tick,
  };
}

function restWords(rest: readonly { readonly range: Range }[]): string {
  const slots = rest.reduce((sum, { range }) => sum + range.slots.length, 0);
  return `${rest.map(({ range }) => range.prefix).join(', ')} · ${plural(slots, 'slot')}, all free`;
}

const nothingWords = ({ state, name }: ShownBalancer): string =>
  state === 'read'
    ? 'It has no such backend, or the backend has no slots.'
    : `What ${name} holds was never read.`;

function rangesOf(names: readonly string[]): Range[] {
  const ranges = new Map<string, number[]>();
  for (const [at, name] of names.entries()) {
    const prefix = name.replace(/\d+$/, '');
    const known = ranges.get(prefix);
    if (known) known.push(at);
    else ranges.set(prefix, [at]);
  }
  return [...ranges].map(([prefix, slots]) => ({ prefix, slots }));
}

function showState(
  element: HTMLElement,
  { state, version, error, asOfMs }: ShownBalancer,
  aheadMs: number,
): void {
  element.className = `state ${state}`;
  element.title = error ?? '';
  if (state === 'read') {
    setText(element, version === null ? '' : `HAProxy ${version.replace(/-.*$/, '')}`);
    return;
  }
  const what = state === 'busy' ? 'busy' : 'down';
  const age =
    asOfMs === null ? '' : `, as of ${clock(asOfMs - aheadMs)}, ${span(Date.now() + aheadMs - asOfMs)} ago`;
  setText(element, `${what}${age}`);
}

const PARTS: readonly (readonly [keyof ShownCounts, CellWord, string])[] = [
  ['weightless', 'weight-0', 'weight 0'],
  ['drain', 'drain', 'in drain'],
  ['maintenance', 'maintenance', 'maintenance'],
  ['down', 'down', 'down'],
  ['free', 'free', 'free'],
];

function showFigures(
  figures: HTMLElement,
  bar: HTMLElement,
  counts: ShownCounts | null,
  wanted: number | null,
): void {
  const key = JSON.stringify([counts, wanted]);
  if (figures.dataset.key === key) return;
  figures.dataset.key = key;
  if (!counts) {
    figures.replaceChildren(h('p', { class: 'quiet' }, 'not known'));
    bar.replaceChildren();
    return;
  }
  const others = PARTS.filter(([field]) => counts[field] > 0);
  figures.replaceChildren(
    h(
      'p',
      { class: `big${counts.serving === 0 && wanted !== 0 ? ' none' : ''}` },
      grouped(counts.serving),
      h('span', {}, ' serving'),
    ),
    h(
      'p',
      { class: 'others' },
      ...others.map(([field, word, label]) =>
        h('span', { class: word }, `${grouped(counts[field])} ${label}`),
      ),
      counts.unplaced > 0 && h('span', { class: 'down' }, `${grouped(counts.unplaced)} without a slot`),
    ),
  );
  const all = Math.max(1, counts.slots);
  const parts = [['serving', 'serving'] as const, ...PARTS.map(([field, word]) => [field, word] as const)];
  bar.replaceChildren(
    ...parts
      .filter(([field, word]) => counts[field] > 0 && word !== 'free')
      .map(([field, word]) => {
        const part = h('span', { class: word });
        part.style.width = `${(100 * counts[field]) / all}%`;
        return part;
      }),
  );
}

/** The marks with their words; drawn again when the theme is another. */
export function legendIn(list: HTMLElement): { redraw(): void } {
  const marks = LEGEND.map(([word, label]) => {
    const canvas = h('canvas', { width: 36, height: 36, 'aria-hidden': 'true' });
    return { word, canvas, item: h('li', {}, canvas, label) };
  });
  const differ = h('canvas', { width: 36, height: 36, 'aria-hidden': 'true' });
  list.replaceChildren(...marks.map(({ item }) => item), h('li', {}, differ, 'differs'));
  function redraw(): void {
    const colours = coloursOf(list);
    for (const { word, canvas } of [...marks, { word: 'serving' as const, canvas: differ }]) {
      const context = canvas.getContext('2d');
      if (!context) continue;
      context.setTransform(3, 0, 0, 3, 0, 0);
      context.clearRect(0, 0, 12, 12);
      const isDiffer = canvas === differ;
      drawMark(context, word, isDiffer ? [3.5, 3.5, 5] : [1.5, 1.5, 9], colours);
      if (!isDiffer) continue;
      context.strokeStyle = colours.differs;
      context.lineWidth = 1.5;
      context.beginPath();
      context.roundRect(1, 1, 10, 10, 3);
      context.stroke();
    }
  }
  redraw();
  return { redraw };
}
