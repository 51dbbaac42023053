// The page: listens to its server, and puts what it hears where it belongs.
import type { EventMessage, FullMessage, PatchMessage } from '../shown.js';
import { showChanges } from './changes.js';
import { askWhy, showAnswer, showNothingChosen } from './details.js';
import { byId, h, setText } from './dom.js';
import { type Line, showFreshness, showNotices, showOverview } from './overview.js';
import { showPlot } from './plot.js';
import { type Chosen, legendIn, poolsIn } from './pools.js';
import { finderOf, firstFound, showResults } from './search.js';
import { cellAt, emptyStore, takeEvents, takeFull, takePatch } from './store.js';
import { cellWords } from './words-of-cell.js';

const store = emptyStore();
/** Without a word for so long, nothing is known any more, in milliseconds. */
const SILENT_MS = 15_000;
const RETRY_MS = 2_000;
/** Between two questions about what is chosen, while it changes, in milliseconds. */
const ASK_AGAIN_MS = 1_000;
const HOVER_MS = 150;

let line: Line = { isLost: false, heardMs: Date.now() };
let isConnected = false;
let chosen: Chosen | undefined;
let asked: string | undefined;
let searched = '';
let stream: EventSource | undefined;

const pools = poolsIn(byId('pool-list'), { hover, choose: chooseSlot });
const legend = legendIn(byId('legend'));
const searchBox = byId('search') as HTMLInputElement;

function showAll(): void {
  showOverview(store, choose);
  pools.show(store, chosen, finderOf(searched));
  if (searched !== '') showResults(store, searched, choose);
  showChanges(store, choose);
  showPlot(store);
  tick();
}

function tick(): void {
  if (!line.isLost && Date.now() - line.heardMs > SILENT_MS) line = { ...line, isLost: true };
  showFreshness(store, line, isConnected);
  showNotices(store, line, isConnected);
  pools.tick();
}

// ── the stream ───────────────────────────────────────────────────────────────

function connect(): void {
  stream?.close();
  const source = new EventSource('/events');
  stream = source;
  const on = <T>(name: string, take: (message: T) => void): void =>
    source.addEventListener(name, (event) => {
      line = { isLost: false, heardMs: Date.now() };
      isConnected = true;
      take(JSON.parse((event as MessageEvent<string>).data) as T);
    });
  on<FullMessage>('full', (message) => {
    takeFull(store, message, Date.now());
    showAll();
    askAgain();
  });
  on<PatchMessage>('patch', (message) => {
    const changed = takePatch(store, message, Date.now());
    if (changed.head || changed.cells) {
      pools.show(store, chosen, finderOf(searched));
      if (searched !== '') showResults(store, searched, choose);
      askAgain();
    }
    showOverview(store, choose);
    showPlot(store);
    tick();
  });
  on<EventMessage>('events', (message) => {
    takeEvents(store, message);
    if (message.events.length > 0) showChanges(store, choose);
    showPlot(store);
  });
  on('beat', tick);
  source.addEventListener('error', () => {
    line = { ...line, isLost: true };
    tick();
    if (source.readyState !== EventSource.CLOSED) return;
    // Refused, so that the browser gives up: is it for want of the token?
    setTimeout(() => void retry(), RETRY_MS);
  });
}

async function retry(): Promise<void> {
  try {
    const { status } = await fetch('/why?x=');
    if (status === 401) return location.reload();
  } catch {
    // Nobody there yet.
  }
  connect();
}

// ── what is chosen ───────────────────────────────────────────────────────────

const detailEvents = { choose, close: () => close(true) };
let question: AbortController | undefined;
let lastAskedMs = 0;
let again: ReturnType<typeof setTimeout> | undefined;

function chooseSlot(at: Chosen): void {
  const pool = store.slots[at.pool];
  const cells = pool?.cells[at.slot];
  const each = (store.head?.balancers ?? []).map((_, balancer) => cellAt(cells, balancer));
  const names = new Set(each.flatMap((cell) => (cell === null || cell === 0 ? [] : (cell[2] ?? []))));
  const [only] = names;
  chosen = at;
  ask(names.size === 1 && only !== undefined ? only : `${pool?.backend}/${pool?.names[at.slot]}`);
}

function choose(name: string): void {
  chosen = placeOf(name);
  ask(name);
}

function placeOf(name: string): Chosen | undefined {
  for (const [pool, { backend, names, cells }] of store.slots.entries())
    for (const [slot, value] of cells.entries()) {
      if (value === 0) continue;
      const each = (store.head?.balancers ?? []).map((_, balancer) => cellAt(value, balancer));
      if (
        `${backend}/${names[slot]}` === name ||
        each.some((cell) => cell !== null && cell !== 0 && cell[2] === name)
      )
        return { pool, slot };
    }
  return undefined;
}

function ask(name: string): void {
  asked = name;
  hover(undefined, 0, 0);
  pools.show(store, chosen, finderOf(searched));
  showAnswer(name, undefined, detailEvents);
  document.body.classList.add('chosen');
  void answer(name);
}

async function answer(name: string): Promise<void> {
  question?.abort();
  question = new AbortController();
  const { signal } = question;
  lastAskedMs = Date.now();
  const found = await askWhy(name, signal);
  if (signal.aborted || asked !== name) return;
  showAnswer(name, found, detailEvents);
  setText(byId('told'), found.kind === 'why' ? found.why.verdict.text : '');
}

function askAgain(): void {
  clearTimeout(again);
  if (asked === undefined) return;
  const name = asked;
  again = setTimeout(() => void answer(name), Math.max(0, lastAskedMs + ASK_AGAIN_MS - Date.now()));
}

function close(byHand: boolean): void {
  chosen = undefined;
  asked = undefined;
  question?.abort();
  clearTimeout(again);
  document.body.classList.remove('chosen');
  pools.show(store, chosen, finderOf(searched));
  showNothingChosen();
  if (byHand) byId('pools').focus({ preventScroll: true });
}

// ── what the pointer is at ───────────────────────────────────────────────────

const tip = byId('tip');
let hovered: string | undefined;
let hoverTimer: ReturnType<typeof setTimeout> | undefined;

function hover(at: (Chosen & { readonly balancer: number }) | undefined, x: number, y: number): void {
  const pool = at && store.slots[at.pool];
  tip.hidden = !pool;
  if (!at || !pool) {
    hovered = undefined;
    clearTimeout(hoverTimer);
    return;
  }
  const cell = cellAt(pool.cells[at.slot], at.balancer);
  const name = `${pool.backend}/${pool.names[at.slot]}`;
  const key = `${name} ${at.balancer}`;
  if (key !== hovered) {
    hovered = key;
    const verdict = h('p', { class: 'tip-why' });
    tip.replaceChildren(
      h('p', { class: 'mono' }, name),
      ...cellWords(cell).map((words) => h('p', {}, words)),
      verdict,
    );
    clearTimeout(hoverTimer);
    const about = cell !== null && cell !== 0 && cell[0] !== 'free' ? (cell[2] ?? name) : undefined;
    if (about !== undefined)
      hoverTimer = setTimeout(async () => {
        const found = await askWhy(about);
        if (hovered === key && found.kind === 'why') verdict.textContent = found.why.verdict.text;
      }, HOVER_MS);
  }
  const { innerWidth, innerHeight } = window;
  const { offsetWidth, offsetHeight } = tip;
  tip.style.left = `${Math.max(8, Math.min(x + 12, innerWidth - offsetWidth - 8))}px`;
  tip.style.top = `${y + 16 + offsetHeight > innerHeight ? Math.max(8, y - offsetHeight - 12) : y + 16}px`;
}

document.addEventListener('scroll', () => hover(undefined, 0, 0), { passive: true, capture: true });

// ── keys and search ──────────────────────────────────────────────────────────

searchBox.addEventListener('input', () => {
  searched = searchBox.value;
  showResults(store, searched, choose);
  pools.show(store, chosen, finderOf(searched));
});
byId('search-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = firstFound(store, searched);
  if (name !== undefined) choose(name);
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target === searchBox;
  if (event.key === '/' && !isTyping) {
    event.preventDefault();
    searchBox.focus();
    searchBox.select();
  } else if (event.key === 'Escape') {
    if (searched !== '') {
      searchBox.value = searched = '';
      showResults(store, '', choose);
      pools.show(store, chosen, undefined);
    } else if (asked !== undefined) close(!isTyping);
  }
});

for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'])
  matchMedia(query).addEventListener('change', () => {
    pools.redraw();
    legend.redraw();
  });
showNothingChosen();
setInterval(tick, 1_000);
connect();
