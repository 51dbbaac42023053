// Changes for people: `+ ~ -`, before and after, why, and what is the same on several load balancers once.
import { printHostPort } from '../model/address.js';
import type { Action, MadeChange } from '../model/change.js';
import type { ServerSettings } from '../model/server.js';
import { plainText } from '../model/text.js';
import { allPlaces, folded } from './places.js';
import { type Paint, widthOf } from './screen.js';
import { wrapped } from './wrap.js';

export type Sign = '+' | '~' | '-';

/** Who comes into rotation, who stays with other settings, who goes out of it. */
export const SIGNS: Readonly<Record<Action, Sign>> = {
  ...{ add: '+', enable: '+', update: '~', disable: '-', remove: '-' },
};

/** The screen that lines are for. */
export interface View {
  readonly paint: Paint;
  /** Undefined: no terminal. */
  readonly columns: number | undefined;
}

/** One change, and the load balancers on which it is the same. */
export interface FoldedChange {
  readonly change: MadeChange;
  readonly names: readonly string[];
}

/** In the order of the first load balancer. */
export function foldChanges(
  balancers: readonly { readonly address: string; readonly changes: readonly MadeChange[] }[],
): FoldedChange[] {
  const entries = balancers.flatMap(({ address, changes }) =>
    changes.map((change): readonly [string, MadeChange] => [address, change]),
  );
  return folded(entries, (change) => {
    const { backend, slot, instance, action, reason, result, error } = change;
    return JSON.stringify([backend, slot, instance, action, differenceOf(change), reason, result, error]);
  }).map(({ entry, names }) => ({ change: entry, names }));
}

/** How many different servers of whom each sign says something: one on several load balancers is one. */
export function countSigns(changes: readonly FoldedChange[]): Readonly<Record<Sign, number>> {
  const of = (sign: Sign): number =>
    new Set(
      changes
        .filter(({ change }) => SIGNS[change.action] === sign)
        .map(({ change: { backend, before, after, action } }) => {
          const { address, port } = action === 'add' ? after : before;
          return `${backend} ${address} ${port}`;
        }),
    ).size;
  return { '+': of('+'), '~': of('~'), '-': of('-') };
}

const PAINTS = { '+': 'green', '~': 'yellow', '-': 'red' } as const;

/**
 * `  + irisrv7  n1/iri-1  free → 10.0.0.1:14265, weight 1  (passing in Consul)`. What does not fit goes to lines of
 * its own. A change that was not made begins with that, and ends with why.
 */
export function changeLines({ change, names }: FoldedChange, all: readonly string[], view: View): string[] {
  const { slot, instance, action, reason, result, error } = change;
  const sign = SIGNS[action];
  const mark = result === 'failed' ? 'FAILED ' : result === 'skipped' ? 'skipped ' : '';
  const parts = [
    `  ${sign} ${mark}${slot}  ${instance ?? '-'}`,
    differenceOf(change),
    `(${reason})${allPlaces(names, all)}`,
  ];
  const told = error === undefined || mark === '' ? [] : [`      ${plainText(error)}`];
  const paint = view.paint[mark === '' ? PAINTS[sign] : 'magenta'];
  const { columns } = view;
  return [...fitted(parts, columns), ...told.flatMap((line) => wrapped(line, columns))].map((line) =>
    paint(line),
  );
}

/** The parts in one line, or each that does not fit any more in one of its own. */
function fitted(parts: readonly string[], columns: number | undefined): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const line = `${last}  ${part}`;
    if (last !== undefined && (columns === undefined || widthOf(line) <= columns))
      lines[lines.length - 1] = line;
    else lines.push(last === undefined ? part : `      ${part}`);
  }
  return lines.flatMap((line) => wrapped(line, columns));
}

/** What is other than before; of who comes to a free slot all that it has. */
function differenceOf({ action, before, after }: MadeChange): string {
  if (action === 'add') return [`free → ${placeOf(after)}`, ...settingsOf(after)].join(', ');
  if (action === 'remove') return `${placeOf(before)} → free`;
  const parts = [placeOf(after)];
  for (const field of ['weight', 'maxconn', 'state'] as const)
    if (before[field] !== after[field]) parts.push(`${named(field)}${before[field]} → ${after[field]}`);
  return parts.join(', ');
}

const named = (field: string): string => (field === 'state' ? '' : `${field} `);

const placeOf = ({ address, port }: ServerSettings): string =>
  address === null ? 'no address' : printHostPort(address, port);

const settingsOf = ({ weight, maxconn }: ServerSettings): string[] => [
  `weight ${weight}`,
  ...(maxconn === 0 ? [] : [`maxconn ${maxconn}`]),
];
