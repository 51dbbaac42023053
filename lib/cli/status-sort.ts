// Orders the rows of `iri-lb status`. Pure.
import type { SlotStatus } from '../model/status.js';
import { cellWord, type Row } from './status-rows.js';

/** By what rows are compared: text upwards, numbers downwards, so that who has the most stands first. */
const KEYS: Readonly<Record<string, (row: Row) => string | number>> = {
  instance: ({ instance, hostPort }) => instance ?? hostPort,
  pool: ({ backends }) => backends.join(' '),
  state: ({ cells }) => cells.map(cellWord).sort().join(' '),
  address: ({ hostPort }) => hostPort,
  // The change that was last stands first.
  since: (row) => -least(row, ({ since }) => since?.seconds),
  running: (row) => sum(row, ({ running }) => running),
  queued: (row) => sum(row, ({ queued }) => queued),
  rate: (row) => sum(row, ({ rate }) => rate),
  errors: (row) => sum(row, ({ errors }) => errors.connect + errors.response),
};
export const SORT_KEYS: readonly string[] = Object.keys(KEYS);

/** As they are where no key is given. */
export function sortRows(rows: readonly Row[], key: string | undefined): Row[] {
  const keyOf = key === undefined ? undefined : KEYS[key];
  if (!keyOf) return [...rows];
  const collator = new Intl.Collator('en', { numeric: true });
  return rows
    .map((row) => ({ row, value: keyOf(row) }))
    .sort((a, b) => compared(a.value, b.value, collator))
    .map(({ row }) => row);
}

function compared(a: string | number, b: string | number, { compare }: Intl.Collator): number {
  if (typeof a === 'number' && typeof b === 'number') return b - a;
  return compare(String(a), String(b));
}

const slotsIn = ({ cells }: Row): SlotStatus[] =>
  cells.flatMap((cell) => (typeof cell === 'string' ? [] : cell));

const sum = (row: Row, of: (slot: SlotStatus) => number): number =>
  slotsIn(row).reduce((total, slot) => total + of(slot), 0);

const least = (row: Row, of: (slot: SlotStatus) => number | undefined): number =>
  slotsIn(row).reduce(
    (min, slot) => Math.min(min, of(slot) ?? Number.MAX_SAFE_INTEGER),
    Number.MAX_SAFE_INTEGER,
  );
