// The table of instances, each with what the load balancers do with it side by side. Pure.
import type { Since, SlotStatus, Status } from '../model/status.js';
import { spanText, whenText } from '../model/when.js';
import type { Paint } from './screen.js';
import { sideBySide } from './side-by-side.js';
import { columnsOf, type Look } from './status-look.js';
import { cellWord, type Row, type RowCell, type RowWord, readIn } from './status-rows.js';
import type { Cell, Column } from './table.js';

/** A row for each; what agrees on all load balancers is said once. */
export function rowColumns(rows: readonly Row[], status: Status, look: Look): Column[] {
  const { paint, names, wide } = look;
  const readNames = readIn(status).map(({ address }) => names.get(address) ?? address);
  const beside = (row: Row, textOf: (cell: RowCell) => string | undefined): string => {
    const texts = row.cells.map(textOf);
    const [first] = texts;
    if (first !== undefined && texts.every((text) => text === first)) return first;
    if (row.cells.every((cell, at) => cell === 'none' && texts[at] === undefined)) return '-';
    return sideBySide(worstFirst(row).map((at) => ({ name: readNames[at] ?? '', text: texts[at] })));
  };
  const column = (head: string, rank: number, of: (row: Row) => Cell, right = false) => ({
    ...{ head, rank, right },
    of,
  });
  const sum = (row: Row, of: (slot: SlotStatus) => number): Cell => ({
    text: `${slotsIn(row).reduce((total, slot) => total + of(slot), 0)}`,
  });
  const stateOf = (row: Row): string => {
    const isOut = row.backends.length === 0 && row.cells.length === 0;
    const state = isOut ? 'not selected' : beside(row, wordText);
    // What the next run would do.
    return row.next.length === 0 ? state : `${state} → ${row.next.join(', ')}`;
  };
  const shown = [
    column('INSTANCE', 0, ({ instance, hostPort }) => ({ text: instance ?? hostPort })),
    column('STATE', 0, (row) => ({ text: stateOf(row), paint: paintOf(row, paint) })),
    column('CONSUL', 1, ({ health }) => ({
      text: health ?? (status.instances === null ? '?' : 'nobody'),
      ...(health === 'critical' ? { paint: paint.red } : {}),
    })),
    column('SINCE', 2, (row) => ({ text: sinceText(row, look) }), !wide),
    column('SLOT', 3, (row) => ({
      text: beside(row, (cell) => (typeof cell === 'string' ? undefined : cell.slot)),
    })),
    column('POOL', 4, ({ backends }) => ({ text: backends.join(', ') || '-' })),
    column('CUR', 5, (row) => sum(row, ({ running }) => running), true),
    ...(wide
      ? [
          column('ADDRESS', 7, ({ hostPort }) => ({ text: hostPort })),
          column('QUEUED', 8, (row) => sum(row, ({ queued }) => queued), true),
          column('RATE/S', 9, (row) => sum(row, ({ rate }) => rate), true),
          column('ERRORS', 10, (row) => sum(row, ({ errors }) => errors.connect + errors.response), true),
          column('WEIGHT', 11, (row) => ({ text: beside(row, (cell) => settingOf(cell, 'weight')) }), true),
          column('MAXCONN', 12, (row) => ({ text: beside(row, (cell) => settingOf(cell, 'maxconn')) }), true),
          column('CHECK', 13, (row) => ({ text: beside(row, checkText) })),
        ]
      : []),
  ];
  return columnsOf(rows, look, (row) => [keyOf(row), stateOf(row)], shown);
}

const keyOf = ({ instance, hostPort, backends }: Row): string =>
  `${instance ?? hostPort} ${backends.join(' ')}`;

const slotsIn = ({ cells }: Row): SlotStatus[] =>
  cells.filter((cell): cell is SlotStatus => typeof cell !== 'string');

/** Places of its cells, those that need a look before the others, so that a narrow screen shows them. */
function worstFirst({ cells }: Row): number[] {
  const order = cells.map((_, at) => at);
  const rank = (at: number): number => RANKS.indexOf(cellWord(cells[at] ?? 'unknown'));
  return cells.length < 2 ? order : order.sort((a, b) => rank(a) - rank(b));
}

const RANKS: readonly RowWord[] = [
  'down',
  'no-slot',
  'drain',
  'weight-0',
  'maintenance',
  'serving',
  'unknown',
];

/** HAProxy's own word where it has the server DOWN or NOLB. */
function wordText(cell: RowCell): string | undefined {
  const word = cellWord(cell);
  if (word === 'unknown') return undefined;
  if (word === 'down' && typeof cell !== 'string') return cell.status;
  return WORDS[word] ?? word;
}

const WORDS: Readonly<Partial<Record<RowWord, string>>> = { 'no-slot': 'no slot', 'weight-0': 'weight 0' };

function paintOf({ cells, needsLook }: Row, paint: Paint): (text: string) => string {
  const words = new Set(cells.map(cellWord));
  if (words.has('down')) return paint.red;
  if (needsLook) return paint.yellow;
  return words.has('serving') ? paint.green : paint.dim;
}

/** Of the change that was last, where all say the same state; else of each. */
function sinceText(row: Row, { wide, zone, nowMs }: Look): string {
  const slots = slotsIn(row);
  const textOf = (since: Since | null): string => {
    if (since === null) return '?';
    const ms = since.seconds * 1000;
    return wide ? whenText(nowMs - ms, nowMs, zone) : spanText(ms);
  };
  if (slots.length === 0) return '-';
  if (new Set(row.cells.map(cellWord)).size > 1) {
    const inOrder = worstFirst(row).map((at) => row.cells[at] ?? 'unknown');
    const each = inOrder.map((cell) => (typeof cell === 'string' ? '-' : textOf(cell.since)));
    return new Set(each).size > 1 ? each.join(' | ') : (each[0] ?? '-');
  }
  const known = slots.flatMap(({ since }) => since ?? []).sort((a, b) => a.seconds - b.seconds);
  return textOf(known[0] ?? null);
}

function settingOf(cell: RowCell, setting: 'weight' | 'maxconn'): string | undefined {
  if (typeof cell === 'string') return undefined;
  return setting === 'maxconn' && cell.maxconn === 0 ? 'no limit' : `${cell[setting]}`;
}

function checkText(cell: RowCell): string | undefined {
  if (typeof cell === 'string') return undefined;
  if (cell.check === null) return '-';
  const { status, words } = cell.check;
  return words === '' ? status : `${status} ${words}`;
}
