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
  /** One for each row. */
  readonly cells: readonly Cell[];
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
  const natural = wanted.map(({ head, cells }) =>
    cells.reduce((most, { text }) => Math.max(most, cellWidth(text)), cellWidth(head)),
  );
  let widths = widthsIn(wanted, natural, columns);
  const isCut = widths.includes(0) && columns !== undefined;
  if (isCut) widths = widthsIn(wanted, natural, columns - 2);
  const shown = wanted.flatMap((column, at) => (widths[at] ? [{ column, width: widths[at] }] : []));
  const line = (cellOf: (column: Column) => Cell): string =>
    shown
      .map(({ column, width }, at) => {
        const isLast = at === shown.length - 1;
        return placed(cellOf(column), width, column.right === true, isLast);
      })
      .join(GAP);
  const head = line(({ head: text }) => ({ text, paint: paintHead }));
  const rows = wanted[0]?.cells.length ?? 0;
  return [
    isCut ? `${head} …` : head,
    ...Array.from({ length: rows }, (_, row) => line(({ cells }) => cells[row] ?? { text: '' })),
  ];
}

/** Of each column; 0: left out. */
function widthsIn(
  wanted: readonly Column[],
  natural: readonly number[],
  columns = Number.POSITIVE_INFINITY,
): number[] {
  const widths = wanted.map(() => 0);
  let left = columns + GAP.length;
  const order = wanted.map((_, at) => at).sort((a, b) => (wanted[a]?.rank ?? 0) - (wanted[b]?.rank ?? 0));
  for (const at of order) {
    const all = natural[at] ?? 0;
    const least = Math.min(all, Math.max(LEAST, Math.floor(columns * SHARE)));
    const isNeeded = wanted[at]?.rank === 0;
    if (least + GAP.length > left && !isNeeded) continue;
    widths[at] = isNeeded ? Math.max(1, Math.min(least, left - GAP.length)) : least;
    left -= (widths[at] ?? 0) + GAP.length;
  }
  for (const at of order) {
    const width = widths[at] ?? 0;
    if (width === 0) continue;
    const more = Math.min((natural[at] ?? 0) - width, Math.max(0, left));
    widths[at] = width + more;
    left -= more;
  }
  return widths;
}

/** Nothing follows the last one, so that it is not padded. */
function placed(
  { text, paint = (plain) => plain }: Cell,
  width: number,
  right: boolean,
  isLast: boolean,
): string {
  const cut = cutTo(text, width);
  const padding = ' '.repeat(Math.max(0, width - cellWidth(cut)));
  if (right) return `${padding}${paint(cut)}`;
  return isLast ? paint(cut) : `${paint(cut)}${padding}`;
}

/** Text without colours that takes at most so many cells. */
function cutTo(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  let shown = '';
  let taken = 0;
  for (const char of text) {
    taken += cellWidth(char);
    if (taken > width - 1) break;
    shown += char;
  }
  return `${shown}…`;
}

/** Most text is ASCII, which spares the look at each letter. */
const cellWidth = (text: string): number => (/^[ -~]*$/.test(text) ? text.length : widthOf(text));
