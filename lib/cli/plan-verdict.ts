// Whether a plan is safe to apply, and why not: the last word of `iri-lb plan`.
import type { Change } from '../model/change.js';
import { isLeftOut, type Problem } from '../model/problem.js';
import type { PoolReport } from '../model/report.js';
import { isServing } from '../model/server.js';
import type { BalancerLook, FleetLook } from '../run/look.js';
import type { View } from './change-lines.js';
import { isLargeLoss, type Loss, lossesOf, lossText, takenAway } from './losses.js';
import { allPlaces, folded } from './places.js';
import { wrapped } from './wrap.js';

/** Half a pool, or more, that the plan would take out of rotation. */
export const largeLossesIn = ({ loadBalancers }: FleetLook): Loss[] =>
  loadBalancers
    .flatMap(({ address, observed, report }) => (observed ? lossesOf(address, report.changes, observed) : []))
    .filter(isLargeLoss);

/** How many serve a pool once the plan is made. Whether who comes is up, HAProxy's own checks say later. */
export function servingAfter({ observed, report }: BalancerLook, { backend, serving }: PoolReport): number {
  if (!observed) return serving;
  const servers = new Map(observed.backends.get(backend)?.map((server) => [server.slot, server]) ?? []);
  const changes = report.changes.filter((change) => change.backend === backend);
  const comes = changes.filter(({ action, slot, after }: Change) => {
    if (after.state !== 'ready' || after.weight === 0) return false;
    const server = servers.get(slot);
    if (action === 'add' || action === 'enable' || !server) return true;
    return !isServing(server) && isServing({ ...server, weight: after.weight });
  });
  return serving - takenAway(changes, observed).length + comes.length;
}

/** Problems of what was spoken to, as opposed to what was found there. */
export const isBroken = ({ code }: Pick<Problem, 'code'>): boolean =>
  code === 'haproxy-failed' || code === 'consul-failed' || code === 'failed';

/** What is wrong with a load balancer as such; undefined: nothing. */
export function stateText(
  { address, state, report }: BalancerLook,
  consulFailed: boolean,
): string | undefined {
  if (state === 'busy') return `${address} is busy: another client holds its admin socket`;
  if (state === 'down') return `${address} is down`;
  const broken = report.problems.filter(isBroken);
  if (broken.length === 0 || consulFailed) return undefined;
  return broken.every((problem) => problem.code === 'haproxy-failed' && problem.kind === 'permission')
    ? `${address} cannot be written: its socket is below level admin`
    : `${address} was not read to the end`;
}

/** `Safe to apply.`, or why not; and what apply would ask about. */
export function verdictLines(look: FleetLook, { paint, columns }: View): string[] {
  const reasons = reasonsIn(look);
  const isNothing = look.report.loadBalancers.every(({ changes }) => changes.length === 0);
  const losses = largeLossesIn(look);
  const all = look.loadBalancers.length;
  const lines: string[] = [];
  if (reasons.length > 0) lines.push(...print(`Not safe to apply: ${reasons.join('; ')}.`, paint.red));
  else if (isNothing) lines.push(...print('Nothing to apply.', paint.green));
  else if (losses.length === 0) lines.push(...print('Safe to apply.', paint.green));
  if (losses.length > 0)
    lines.push(...print(`It takes away ${lossText(losses, all)}: apply asks a person first.`, paint.yellow));
  return lines;

  function print(text: string, colour: (text: string) => string): string[] {
    return wrapped(text, columns).map((line) => paint.bold(colour(line)));
  }
}

function reasonsIn({ loadBalancers, consulError, report }: FleetLook): string[] {
  const all = loadBalancers.map(({ address }) => address);
  const consulFailed = consulError !== undefined;
  const guarded = loadBalancers.filter(({ plan }) => (plan?.heldBack.length ?? 0) > 0);
  const leftOut = loadBalancers.filter(({ report }) => report.problems.some(isLeftOut));
  const emptied = loadBalancers.flatMap((one) =>
    one.report.pools
      .filter((pool) => pool.serving > 0 && servingAfter(one, pool) === 0)
      .map(({ backend }): readonly [string, string] => [one.address, `nobody would serve ${backend}`]),
  );
  const names = (looks: readonly BalancerLook[]): string[] => looks.map(({ address }) => address);
  return [
    ...(consulFailed ? ['Consul could not be read'] : []),
    ...(report.consul.error === undefined ? [] : ['not every load balancer is known']),
    ...loadBalancers.flatMap((one) => stateText(one, consulFailed) ?? []),
    ...(guarded.length > 0 ? [`the guard holds back what is above${allPlaces(names(guarded), all)}`] : []),
    ...(leftOut.length > 0 ? [`not everybody has a slot${allPlaces(names(leftOut), all)}`] : []),
    ...folded(emptied, (text) => text).map(({ entry, names }) => `${entry}${allPlaces(names, all)}`),
  ];
}
