// Lag and run time of the last hour, on a scale of powers of ten, and the same in a sentence.
import type { PlotPoint } from '../shown.js';
import { byId, fill, h, setText, svg } from './dom.js';
import type { Store } from './store.js';
import { brief, clock, plural } from './words.js';

const WIDE = 360;
const HIGH = 148;
const EDGE = { left: 44, right: 8, top: 8, bottom: 20 };
const HOUR_MS = 3_600_000;

export function showPlot(store: Store): void {
  const now = Date.now() + store.aheadMs;
  const points = [...store.plot.values()]
    .filter(({ atMs }) => atMs > now - HOUR_MS)
    .sort((a, b) => a.atMs - b.atMs);
  const key = JSON.stringify([points, Math.floor(now / 30_000)]);
  const area = byId('plot-area');
  if (area.dataset.key === key) return;
  area.dataset.key = key;
  setText(byId('plot-text'), wordsOf(points));
  if (points.every(({ runMs, lagMs }) => runMs === null && lagMs === null)) {
    fill(area, h('p', { class: 'quiet empty' }, 'Whoever runs tells no times here.'));
    return;
  }
  fill(area, drawing(points, now), keyOf(points));
}

const keyOf = (points: readonly PlotPoint[]): HTMLElement =>
  h(
    'p',
    { class: 'plot-key', 'aria-hidden': 'true' },
    points.some(({ runMs }) => runMs !== null) && h('span', {}, 'run time'),
    points.some(({ lagMs }) => lagMs !== null) && h('span', { class: 'lag-key' }, 'lag'),
  );

function drawing(points: readonly PlotPoint[], now: number): SVGElement {
  const values = points
    .flatMap(({ runMs, lagMs }) => [runMs, lagMs])
    .flatMap((value) => (value === null ? [] : [value]));
  const low = Math.floor(Math.log10(Math.max(1, Math.min(...values, 10))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values, 10) + 0.001)));
  const x = (atMs: number): number =>
    EDGE.left + ((atMs - (now - HOUR_MS)) / HOUR_MS) * (WIDE - EDGE.left - EDGE.right);
  const y = (ms: number): number => {
    const share = (Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low);
    return HIGH - EDGE.bottom - share * (HIGH - EDGE.top - EDGE.bottom);
  };
  const decades = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  const quarters = [60, 45, 30, 15, 0];
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDE} ${HIGH}`, class: 'plot', 'aria-hidden': 'true', focusable: 'false' },
    ...decades.flatMap((ms) => [
      svg('line', { class: 'grid', x1: EDGE.left, x2: WIDE - EDGE.right, y1: y(ms), y2: y(ms) }),
      svg('text', { x: EDGE.left - 8, y: y(ms) + 3.5, 'text-anchor': 'end' }, brief(ms).replace('.0', '')),
    ]),
    ...quarters.map((minutes) =>
      svg(
        'text',
        { x: x(now - minutes * 60_000), y: HIGH - 4, 'text-anchor': minutes === 0 ? 'end' : 'middle' },
        minutes === 0 ? 'now' : `${minutes} min`,
      ),
    ),
    ...points.flatMap(({ atMs, runMs }) =>
      runMs === null
        ? []
        : [svg('line', { class: 'run', x1: x(atMs), x2: x(atMs), y1: HIGH - EDGE.bottom, y2: y(runMs) })],
    ),
    ...points.flatMap(({ atMs, lagMs, failed }) =>
      lagMs === null
        ? []
        : [svg('circle', { class: failed > 0 ? 'lag failed' : 'lag', cx: x(atMs), cy: y(lagMs), r: 2.5 })],
    ),
  );
}

function wordsOf(points: readonly PlotPoint[]): string {
  const runs = points.reduce((sum, point) => sum + point.runs, 0);
  const failed = points.reduce((sum, point) => sum + point.failed, 0);
  const parts = [
    figures(
      'run time',
      points.flatMap(({ runMs }) => runMs ?? []),
    ),
    figures(
      'lag',
      points.flatMap(({ lagMs }) => lagMs ?? []),
    ),
  ];
  const longest = points.reduce<PlotPoint | undefined>(
    (most, point) => ((point.lagMs ?? 0) > (most?.lagMs ?? 0) ? point : most),
    undefined,
  );
  const when = longest?.lagMs ? `, at ${clock(longest.atMs)}` : '';
  const said = parts.filter(Boolean);
  if (runs === 0) return '';
  return `${plural(runs, 'run')}${failed > 0 ? `, ${failed} failed` : ''}${said.length > 0 ? `; ${said.join('; ')}${when}` : ''}.`;
}

function figures(name: string, values: readonly number[]): string {
  if (values.length === 0) return '';
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${name} ${brief(median)} in the median, ${brief(sorted.at(-1) ?? 0)} at most`;
}
