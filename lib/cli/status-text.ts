// Prints what the fleet holds for people, trouble first: what is pending, pools, what needs a look, instances. Pure.
import type { Attention, LoadBalancerStatus, Status } from '../model/status.js';
import { spanText, whenText } from '../model/when.js';
import { fitLine, type Paint, widthOf } from './screen.js';
import { shortNames, sideBySide } from './side-by-side.js';
import { isInState } from './status-filter.js';
import { type Row, rowsOf } from './status-rows.js';
import { sortRows } from './status-sort.js';
import { type Look, nameOfAll, poolColumns, rowColumns } from './status-table.js';
import { type Column, tableLines } from './table.js';
import { wrapped } from './wrap.js';

export interface StatusView extends Omit<Look, 'names' | 'nowMs'> {
  /** The terminal's; undefined: nothing is cut. */
  readonly columns: number | undefined;
  /** Also rows of which all is well, and everything that is only counted otherwise. */
  readonly all: boolean;
  readonly sort?: string | undefined;
  /** A state that rows must have on some load balancer. */
  readonly state?: string | undefined;
  /** Rows were asked for by name: they are all shown. */
  readonly named?: boolean;
}

/** So few rows are shown, whether they need a look or not. */
const FEW_ROWS = 10;
/** Of what needs a look, and of pending changes, so many are shown. */
const MAX_ROWS = 20;
const MAX_ALIKE = 5;
const MAX_PENDING = 3;

/** The lines, none wider than the terminal. */
export function statusLines(status: Status, view: StatusView): string[] {
  const { columns, paint } = view;
  const names = shortNames(status.loadBalancers.map(({ address }) => address));
  const look: Look = { ...view, names, nowMs: Date.parse(status.takenAt) };
  return [
    ...headLines(status, look, columns),
    ...pendingLines(status, look),
    ...status.loadBalancers.flatMap((one) => missingLines(one, look, columns)),
    ...readLines(status, look),
    ...section(tableOf(poolColumns(status, look), columns, paint)),
    ...section(attentionLines(status, look, view)),
    ...section(instanceLines(status, look, view)),
  ].map((line) => fitLine(line, columns));
}

/** After a blank line. */
const section = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);

/** Nothing where it would be nothing but a head. */
function tableOf(of: readonly Column[], columns: number | undefined, paint: Paint): string[] {
  const lines = tableLines(of, columns, paint.dim);
  return lines.length > 1 ? lines : [];
}

/** `2,000`. The platform's own way to write it loads tables for every language, which takes longer than all else here. */
const grouped = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');

const counted = (count: number, one: string): string => `${grouped(count)} ${one}${count === 1 ? '' : 's'}`;

/** What is pending stands first, then when a run last succeeded: on one line where there is room. */
function headLines(
  status: Status,
  { paint, names, nowMs, zone }: Look,
  columns: number | undefined,
): string[] {
  const { pending, lastRun, consul } = status;
  const unknown = pending.unknownOn.map((address) => names.get(address) ?? address).join(', ');
  const isUnknown = unknown === '' ? '' : ` (not known of ${unknown})`;
  const what =
    pending.count === null
      ? paint.yellow('what is pending is not known')
      : pending.count === 0
        ? `nothing pending${isUnknown}`
        : paint.yellow(`${counted(pending.count, 'change')} pending${isUnknown}`);
  const ran =
    lastRun === null
      ? 'last successful run: not known'
      : `last successful run: ${whenText(Date.parse(lastRun.at), nowMs, zone)}, ${lastRun.by}`;
  const line = `${paint.bold(what)}; ${ran}`;
  const listed =
    consul.instances === null
      ? paint.red('Consul: not known, it could not be read')
      : `Consul: ${counted(consul.instances, 'instance')} at index ${consul.index}${
          consul.error === undefined ? '' : paint.red(', which cannot be believed to be all')
        }`;
  const isWide = columns !== undefined && widthOf(line) > columns;
  return [...(isWide ? [paint.bold(what), ran] : [line]), listed];
}

function pendingLines({ pending, loadBalancers }: Status, { names }: Look): string[] {
  const { changes } = pending;
  const shown = changes
    .slice(0, MAX_PENDING)
    .map(({ action, backend, slot, instance, reason, loadBalancers: on }) => {
      const where =
        on.length === loadBalancers.length ? '' : ` on ${nameOfAll(on, loadBalancers.length, names)}`;
      return `  ${action} ${backend}/${slot} ${instance ?? '-'}${where} (${reason})`;
    });
  const more = changes.length - shown.length;
  return more > 0 ? [...shown, `  and ${grouped(more)} more: iri-lb plan`] : shown;
}

/** A load balancer of which nothing is known. */
function missingLines(
  { address, state, error = '' }: LoadBalancerStatus,
  { paint }: Look,
  columns: number | undefined,
): string[] {
  if (state === 'read') return [];
  const name = `haproxy ${address}: `;
  const why = error.startsWith(name) ? error.slice(name.length) : error;
  const sentence = `${address} is ${state}, what it holds is not known: ${why}`;
  return wrapped(sentence, columns, 2).map((line) => paint.red(line));
}

/** Those that were read, by version: `10.0.0.5, 10.0.0.6: HAProxy 3.0.11, up 3 h`. */
function readLines({ loadBalancers }: Status, { names }: Look): string[] {
  const versions = new Map<string, LoadBalancerStatus[]>();
  for (const one of loadBalancers)
    if (one.version !== undefined) versions.set(one.version, [...(versions.get(one.version) ?? []), one]);
  return [...versions].map(([version, of]) => {
    const ups = of.map(({ address, uptimeSeconds = 0 }) => ({
      name: names.get(address) ?? address,
      text: `up ${spanText(uptimeSeconds * 1000)}`,
    }));
    const who =
      of.length === 1 ? (of[0]?.address ?? '') : of.map(({ address }) => names.get(address)).join(', ');
    return `${who}: HAProxy ${version}, ${sideBySide(ups)}`;
  });
}

/** In words, the same thing of several up to a bound. */
function attentionLines(
  { attention, loadBalancers }: Status,
  { paint, names }: Look,
  { columns, all }: StatusView,
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

/** Who needs a look, and how many more there are; all where these are few, or were asked for. */
function instanceLines(status: Status, look: Look, view: StatusView): string[] {
  const { all, sort, state, named = false, columns, paint } = view;
  const rows = rowsOf(status).filter((row) => isInState(row, state));
  const isAsked = all || named || state !== undefined;
  const isShown = isAsked || sort !== undefined || rows.length <= FEW_ROWS;
  const wanted = sortRows(isShown ? rows : rows.filter(({ needsLook }) => needsLook), sort);
  const shown = isAsked ? wanted : wanted.slice(0, MAX_ROWS);
  return [...tableOf(rowColumns(shown, status, look), columns, paint), ...restText(status, rows, shown)];
}

/** `1,988 more are well; --all shows them`. */
function restText({ instances }: Status, rows: readonly Row[], shown: readonly Row[]): string[] {
  const hiddenOf = (needsLook: boolean): number => {
    const count = (of: readonly Row[]): number => of.filter((row) => row.needsLook === needsLook).length;
    return count(rows) - count(shown);
  };
  const more = shown.length > 0 ? ' more' : '';
  const parts = [
    { hidden: hiddenOf(true), one: 'needs a look', many: 'need a look' },
    // Without Consul nobody knows whether they should.
    instances === null
      ? { hidden: hiddenOf(false), one: 'serves', many: 'serve' }
      : { hidden: hiddenOf(false), one: 'is well', many: 'are well' },
  ].filter(({ hidden }) => hidden > 0);
  if (parts.length === 0) return [];
  const texts = parts.map(
    ({ hidden, one, many }) => `${grouped(hidden)}${more} ${hidden === 1 ? one : many}`,
  );
  return [`${texts.join(', ')}; --all shows them`];
}
