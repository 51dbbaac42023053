// Prints a run for people: what changed by pool, who serves then, what did not go as it should, and one last line.
import type { MadeChange } from '../model/change.js';
import type { LoadBalancerReport, PoolReport, Report } from '../model/report.js';
import { changeLines, countSigns, type FoldedChange, foldChanges, type View } from './change-lines.js';
import { allPlaces, folded } from './places.js';
import { wrapped } from './wrap.js';

/** Warnings of all load balancers and of Consul, each once. */
export function warningsOf({ consul, loadBalancers }: Report): string[] {
  return [...new Set([...consul.warnings, ...loadBalancers.flatMap(({ warnings }) => warnings)])];
}

/** The load balancers of which something is known. */
export const readOf = ({ loadBalancers }: Report): readonly LoadBalancerReport[] =>
  loadBalancers.filter(({ pools }) => pools.length > 0);

/** How many who serve a pool, as printed: `serving 3`, `serving 3 → 4`. */
export type ServingText = (address: string, pool: PoolReport) => string;

/** Pool by pool: its changes, each once, and what it has then. `all`: the names of all load balancers. */
export function poolLines(
  balancers: readonly LoadBalancerReport[],
  all: readonly string[],
  view: View,
  serving: ServingText,
): string[] {
  const changes = foldChanges(balancers);
  const backends = new Set([
    ...balancers.flatMap(({ pools }) => pools.map(({ backend }) => backend)),
    ...changes.map(({ change }) => change.backend),
  ]);
  return [...backends].flatMap((backend) => {
    const own = changes.filter(({ change }) => change.backend === backend);
    const states = balancers.flatMap(({ address, pools }) =>
      pools
        .filter((pool) => pool.backend === backend)
        .map((pool): readonly [string, string] => [
          address,
          [serving(address, pool), ...countsOf(pool)].join(', '),
        ]),
    );
    const counts = folded(states, (text) => text).flatMap(({ entry, names }) =>
      wrapped(`  ${entry}${allPlaces(names, all)}`, view.columns),
    );
    return [view.paint.bold(backend), ...own.flatMap((change) => changeLines(change, all, view)), ...counts];
  });
}

/** `4 of 8 slots free, 1 held in drain, for nobody: irisrv4, 2 without a slot`. */
function countsOf({ slots, free, held, heldSlots, unplaced }: PoolReport): string[] {
  const nobodys = heldSlots.filter(({ instance }) => instance === null).map(({ slot }) => slot);
  return [
    `${free} of ${slots} slots free`,
    ...(held > 0 ? [`${held} held in drain`] : []),
    ...(nobodys.length > 0 ? [`for nobody: ${nobodys.join(' ')}`] : []),
    ...(unplaced.length > 0 ? [`${unplaced.length} without a slot`] : []),
  ];
}

const isMade = ({ result }: MadeChange): boolean => result !== 'failed' && result !== 'skipped';

/**
 * Servers that are ready and stay as they are, where that is most of one load balancer's; `pools` are as they were
 * before the changes (`plan`), or as they are after them.
 */
export function unchangedIn(balancers: readonly LoadBalancerReport[], when: 'before' | 'after'): number {
  const counts = balancers.map(({ pools, changes }) => {
    const touched = changes.filter((change) => change[when].state === 'ready' && isMade(change));
    const slots = new Set(touched.map(({ backend, slot }) => `${backend}/${slot}`));
    return pools.reduce((sum, { ready }) => sum + ready, 0) - slots.size;
  });
  return Math.max(0, ...counts);
}

/** `Consul lists 3 instances at index 7.` */
export const listedText = ({ instances, index }: Report['consul']): string =>
  `Consul lists ${instances} instance${instances === 1 ? '' : 's'} at index ${index}.`;

/** What `apply` did, and whether HAProxy was found to be so afterwards; errors are left to the caller. */
export function appliedLines(report: Report, view: View): string[] {
  const { loadBalancers, consul } = report;
  const all = loadBalancers.map(({ address }) => address);
  const changes = foldChanges(loadBalancers);
  return [
    ...wrapped(listedText(consul), view.columns),
    ...poolLines(loadBalancers, all, view, (_address, { serving }) => `serving ${serving}`),
    '',
    ...lastLine(report, changes, all, view),
  ];
}

function lastLine(report: Report, changes: readonly FoldedChange[], all: readonly string[], view: View) {
  const made = changes.filter(({ change }) => isMade(change));
  const count = countSigns(made);
  const unchanged = unchangedIn(readOf(report), 'after');
  const what =
    made.length === 0
      ? `nothing changed; ${unchanged} unchanged.`
      : `${count['+']} added, ${count['~']} changed, ${count['-']} removed; ${unchanged} unchanged.`;
  const of = (result: string): number => changes.filter(({ change }) => change.result === result).length;
  const not = [
    ...(of('failed') > 0 ? [`${of('failed')} FAILED`] : []),
    ...(of('skipped') > 0 ? [`${of('skipped')} skipped`] : []),
  ].map((text) => ` ${text}.`);
  const line = `Applied: ${what}${not.join('')} ${verifiedText(report, all)}`;
  const isWell = not.length === 0 && report.loadBalancers.every(isVerified);
  return wrapped(line, view.columns).map((text) =>
    view.paint.bold(isWell ? view.paint.green(text) : view.paint.red(text)),
  );
}

/** A run ends well only once it has read HAProxy, after its last write, and found nothing that differs. */
const isVerified = ({ outcome }: LoadBalancerReport): boolean =>
  outcome === 'changed' || outcome === 'unchanged';

function verifiedText({ loadBalancers }: Report, all: readonly string[]): string {
  const names = (wanted: boolean): string[] =>
    loadBalancers.filter((one) => isVerified(one) === wanted).map(({ address }) => address);
  const [well, ill] = [names(true), names(false)];
  const verified = `Verified by reading back${allPlaces(well, all)}.`;
  if (ill.length === 0) return verified;
  const not = `Not as Consul says${allPlaces(ill, all)}.`;
  return well.length === 0 ? not : `${verified} ${not}`;
}
