// Lays out a table that fits a width: what does not fit is cut with `…`, column by column, the least wanted first. Pure.
import { widthOf } from './screen.js';

export interface Cell {
  /** Without colours. */
  readonly text: string;
  readonly paint?: (text: string) => string;
}

export interface Column {
  readonly head: string;
  /** The lower, the longer it stays when there is little room; 0 always does. */
  readonly rank: number;
  readonly right?: boolean;
  /** One for each row; asked for once, and not where there is no room for it. */
  readonly cells: () => readonly Cell[];
}

const GAP = '  ';
/** Of the width, that one column may take while another wants some. */
const SHARE = 0.4;
/** No column is narrower for want of room. */
const LEAST = 8;

/**
 * The head and the rows; `columns` is the width, undefined where nothing is cut. Where columns are left out, the
 * head ends with `…`.
 */
export function tableLines(
  wanted: readonly Column[],
  columns: number | undefined,
  paintHead: (text: string) => string = (text) => text,
): string[] {
  const made = wanted.map((column): Made => ({ column, cells: undefined, natural: 0 }));
  const all = widthsIn(made, columns);
  const isCut = columns !== undefined && all.size < made.length;
  const widths = isCut ? widthsIn(made, columns - ' …'.length) : all;
  const shown = made.flatMap((one) => {
    const width = widths.get(one);
    return width === undefined ? [] : [{ ...one.column, cells: cellsOf(one), width }];
  });
  const line = (cellOf: (column: (typeof shown)[number]) => SizedCell): string =>
    shown
      .map((column, at) => {
        const isLast = at === shown.length - 1;
        return placed(cellOf(column), column.width, column.right === true, isLast);
      })
      .join(GAP);
  const head = line(({ head: text }) => sized({ text, paint: paintHead }));
  const rows = shown[0]?.cells.length ?? 0;
  return [
    isCut ? `${head} …` : head,
    ...Array.from({ length: rows }, (_, row) => line(({ cells }) => cells[row] ?? EMPTY)),
  ];
}

interface SizedCell extends Cell {
  /** Of its text. */
  readonly size: number;
}

const sized = ({ text, paint = (plain) => plain }: Cell): SizedCell => ({ text, paint, size: widthOf(text) });
const EMPTY = sized({ text: '' });

/** A column, with its cells once they were asked for, and the width that these take. */
interface Made {
  readonly column: Column;
  cells: readonly SizedCell[] | undefined;
  natural: number;
}

function cellsOf(made: Made): readonly SizedCell[] {
  if (made.cells) return made.cells;
  made.cells = made.column.cells().map(sized);
  made.natural = made.cells.reduce((most, { size }) => Math.max(most, size), widthOf(made.column.head));
  return made.cells;
}

/** Of each column that is shown. */
function widthsIn(wanted: readonly Made[], columns = Number.POSITIVE_INFINITY): Map<Made, number> {
  const order = [...wanted].sort((a, b) => a.column.rank - b.column.rank);
  const needed = order.filter(({ column }) => column.rank === 0);
  for (const one of needed) cellsOf(one);
  let left = columns + GAP.length;
  const fits = needed.reduce((sum, { natural }) => sum + natural + GAP.length, 0) <= left;
  const most = Math.max(LEAST, Math.floor(columns * SHARE));
  const widths = new Map<Made, number>();
  for (const one of order) {
    cellsOf(one);
    const isNeeded = one.column.rank === 0;
    const width = isNeeded && fits ? one.natural : Math.min(one.natural, most);
    // A column that is wanted less would take what those before it lack.
    if (width + GAP.length > left && !isNeeded) break;
    widths.set(one, isNeeded ? Math.max(1, Math.min(width, left - GAP.length)) : width);
    left -= width + GAP.length;
  }
  for (const [one, width] of widths) {
    const more = Math.min(one.natural - width, Math.max(0, left));
    widths.set(one, width + more);
    left -= more;
  }
  return widths;
}

/** Nothing follows the last one, so that it is not padded. */
function placed(
  { text, paint = (plain) => plain, size }: SizedCell,
  width: number,
  right: boolean,
  isLast: boolean,
): string {
  const cut = size <= width ? text : cutTo(text, width);
  const padding = ' '.repeat(Math.max(0, width - (size <= width ? size : widthOf(cut))));
  if (right) return `${padding}${paint(cut)}`;
  return isLast ? paint(cut) : `${paint(cut)}${padding}`;
}

/** Text without colours that takes at most so many cells. */
function cutTo(text: string, width: number): string {
  let shown = '';
  let taken = 0;
  for (const char of text) {
    taken += widthOf(char);
    if (taken > width - 1) break;
    shown += char;
  }
  return `${shown}…`;
}
