// How the tables of `iri-lb status` are shown, and the mark before what is new. Pure.
import type { Zone } from '../model/when.js';
import type { Paint } from './screen.js';
import type { Cell, Column } from './table.js';

/** How tables are shown. */
export interface Look {
  readonly paint: Paint;
  readonly wide: boolean;
  readonly zone: Zone;
  readonly nowMs: number;
  /** Short names of the load balancers, by address. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether a thing is otherwise than a moment ago: it is marked. Absent: nobody compares. */
  readonly isNew?: (thing: string, as: string) => boolean;
}

const MARK = '*';
const NO_MARK: Cell = { text: ' ' };

/** The columns of a table of these, with a mark before what is new. */
export function columnsOf<T>(
  things: readonly T[],
  { isNew, paint }: Look,
  keyOf: (thing: T) => readonly [thing: string, as: string],
  columns: readonly (Omit<Column, 'cells'> & { readonly of: (thing: T) => Cell })[],
): Column[] {
  const mark = isNew && {
    head: ' ',
    rank: 0,
    cells: () =>
      things.map((thing) => (isNew(...keyOf(thing)) ? { text: MARK, paint: paint.bold } : NO_MARK)),
  };
  return [
    ...(mark ? [mark] : []),
    ...columns.map(({ of, ...column }) => ({ ...column, cells: () => things.map(of) })),
  ];
}
