// What needs a look, in words, for people. Pure.
import type { Attention, Status } from '../model/status.js';
import { grouped } from './grouped.js';
import type { Paint } from './screen.js';
import type { Look } from './status-look.js';
import { nameOfAll } from './status-pools.js';
import { wrapped } from './wrap.js';

/** Alike, so many are shown unless all are asked for. */
const MAX_ALIKE = 5;

/** In words, the same thing of several up to a bound. */
export function attentionLines(
  { attention, loadBalancers }: Status,
  { paint, names }: Look,
  { columns, all }: { readonly columns: number | undefined; readonly all: boolean },
): string[] {
  // These have lines of their own.
  const told = attention.filter(({ code }) => code !== 'load-balancer-busy' && code !== 'load-balancer-down');
  const lines = ALL_LEVELS.flatMap((level) =>
    [...byCode(told.filter((one) => one.level === level)).values()].flatMap((alike) => {
      const most = all || alike.length <= MAX_ALIKE + 1 ? alike.length : MAX_ALIKE;
      const more = alike.length - most;
      return [
        ...alike
          .slice(0, most)
          .flatMap((one) => sentenceLines(one, loadBalancers.length, names, paint, columns)),
        ...(more > 0 ? [`  and ${grouped(more)} more like ${most === 1 ? 'this' : 'these'}`] : []),
      ];
    }),
  );
  return lines.length === 0 ? [] : [paint.bold('Needs a look:'), ...lines];
}

const ALL_LEVELS: readonly Attention['level'][] = ['failed', 'look', 'note'];

function byCode(entries: readonly Attention[]): Map<string, Attention[]> {
  const codes = new Map<string, Attention[]>();
  for (const entry of entries) {
    const alike = codes.get(entry.code);
    if (alike) alike.push(entry);
    else codes.set(entry.code, [entry]);
  }
  return codes;
}

function sentenceLines(
  { level, text, next, loadBalancers: on }: Attention,
  all: number,
  names: ReadonlyMap<string, string>,
  paint: Paint,
  columns: number | undefined,
): string[] {
  const where = on.length === 0 || on.length === all ? '' : `${nameOfAll(on, all, names)}: `;
  const said = [...names].reduce((short, [address, name]) => short.replaceAll(address, name), text);
  const sentence = `${where}${said}${next === '' ? '' : `; ${next}`}`;
  const [mark, color] =
    level === 'failed' ? ['!', paint.red] : level === 'look' ? ['!', paint.yellow] : ['-', paint.reset];
  return wrapped(`${mark} ${sentence}`, columns, 2).map((line) => color(line));
}
