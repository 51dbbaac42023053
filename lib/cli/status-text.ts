// Prints what the fleet holds for people, trouble first: what is pending, pools, what needs a look, instances. Pure.
import type { Status } from '../model/status.js';
import { grouped } from './grouped.js';
import { fitLine, type Paint } from './screen.js';
import { shortNames } from './side-by-side.js';
import { attentionLines } from './status-attention.js';
import { isInState } from './status-filter.js';
import { headLines } from './status-head.js';
import { rowColumns } from './status-instances.js';
import type { Look } from './status-look.js';
import { poolColumns } from './status-pools.js';
import { type Row, rowsOf } from './status-rows.js';
import { sortRows } from './status-sort.js';
import { type Column, tableLines } from './table.js';

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
/** Of those that need a look, so many are shown unless all are asked for. */
const MAX_ROWS = 20;

/** The lines, none wider than the terminal. */
export function statusLines(status: Status, view: StatusView): string[] {
  const { columns, paint } = view;
  const names = shortNames(status.loadBalancers.map(({ address }) => address));
  const look: Look = { ...view, names, nowMs: Date.parse(status.takenAt) };
  return [
    ...headLines(status, look, columns),
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
