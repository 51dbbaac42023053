// Prints a plan for people: changes by pool, what the guard holds back, what stands in the way, and the verdict.
import { isLeftOut, type Problem, sentenceOf } from '../model/problem.js';
import type { PoolReport } from '../model/report.js';
import type { BalancerLook, FleetLook } from '../run/look.js';
import { countSigns, foldChanges, type View } from './change-lines.js';
import { allPlaces, folded } from './places.js';
import { servingAfter, stateText, verdictLines } from './plan-verdict.js';
import { listedText, poolLines, unchangedIn } from './report-text.js';
import { widthOf } from './screen.js';
import { wrapped } from './wrap.js';

/** Instances that are named when there is no server for them. */
const MAX_NAMED = 10;

/** The lines of a plan, the verdict last. Warnings, and the words of what broke, are left to the caller. */
export function planLines(look: FleetLook, view: View): string[] {
  const { report, loadBalancers, consulError } = look;
  const all = loadBalancers.map(({ address }) => address);
  const byName = new Map(loadBalancers.map((one) => [one.address, one]));
  const listed =
    consulError === undefined
      ? listedText(report.consul)
      : 'What Consul lists is not known: it could not be read.';
  const count = countSigns(foldChanges(report.loadBalancers));
  const unchanged = unchangedIn(report.loadBalancers, 'before');
  const isMade = loadBalancers.some(({ plan }) => plan !== undefined);
  const counts = !isMade
    ? 'Plan: none could be made.'
    : `Plan: ${count['+']} to add, ${count['~']} to change, ${count['-']} to remove; ${unchanged} unchanged.`;
  return [
    ...wrapped(listed, view.columns),
    ...poolLines(report.loadBalancers, all, view, (address, pool) => servingText(byName.get(address), pool)),
    ...section('The guard holds back:', heldBackIn(look, all), view),
    ...section('In the way:', obstaclesIn(look, all), view),
    '',
    ...joined(wrapped(counts, view.columns).map(view.paint.bold), verdictLines(look, view), view),
  ];
}

/** One line, where both fit into it. */
function joined(counts: readonly string[], verdict: readonly string[], { columns }: View): string[] {
  const [first = ''] = verdict;
  const line = [...counts, first].join(' ');
  const fits = counts.length === 1 && (columns === undefined || widthOf(line) <= columns);
  return fits ? [line, ...verdict.slice(1)] : [...counts, ...verdict];
}

function servingText(look: BalancerLook | undefined, pool: PoolReport): string {
  const after = look === undefined ? pool.serving : servingAfter(look, pool);
  return after === pool.serving ? `serving ${pool.serving}` : `serving ${pool.serving} → ${after}`;
}

function section(head: string, lines: readonly string[], view: View): string[] {
  if (lines.length === 0) return [];
  return ['', view.paint.yellow(head), ...lines.flatMap((line) => wrapped(`  ${line}`, view.columns))];
}

/** What was kept, and why, each once. */
function heldBackIn({ loadBalancers }: FleetLook, all: readonly string[]): string[] {
  return sentences(
    loadBalancers.flatMap(({ address, plan }) =>
      (plan?.heldBack ?? []).map((problem): readonly [string, Problem] => [address, problem]),
    ),
    all,
  );
}

/** Who was not read or cannot be written, and who has no server. */
function obstaclesIn({ loadBalancers, consulError }: FleetLook, all: readonly string[]): string[] {
  const leftOut = sentences(
    loadBalancers.flatMap(({ address, report }) =>
      report.problems.filter(isLeftOut).map((problem): readonly [string, Problem] => [address, problem]),
    ),
    all,
  );
  const more = leftOut.length - MAX_NAMED;
  return [
    ...(consulError === undefined ? [] : ['Consul could not be read']),
    ...loadBalancers.flatMap((one) => stateText(one, consulError !== undefined) ?? []),
    ...leftOut.slice(0, MAX_NAMED),
    ...(more > 0 ? [`and ${more} more that are left out`] : []),
  ];
}

/** Each once, with the load balancers that have it before it. */
const sentences = (entries: readonly (readonly [string, Problem])[], all: readonly string[]): string[] =>
  folded(entries, sentenceOf).map(({ entry, names }) => {
    const where = allPlaces(names, all).trimStart();
    return where === '' ? sentenceOf(entry) : `${where}: ${sentenceOf(entry)}`;
  });
