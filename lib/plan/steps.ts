// The order in which a plan's changes are written, so that somebody serves at any time. Pure.
import type { Change } from '../model/change.js';

export interface Step {
  readonly changes: readonly Change[];
  /**
   * `pool-serves`: in each pool whose replacements HAProxy refused, only while somebody serves. Those who
   * leave are the last to go wrong with: they would leave nobody.
   */
  readonly condition: 'none' | 'pool-serves';
}

/**
 * Each step is written whole before the next: who stops for being critical and who starts in a server that
 * is free; who takes over the server of somebody who leaves, in two halves; and last, who leaves.
 */
export function stepsOf(changes: readonly Change[]): Step[] {
  const leaving = new Set(changes.filter(({ action }) => action === 'remove').map(nameOf));
  const takeOver = changes.filter((change) => change.action !== 'remove' && leaving.has(nameOf(change)));
  const half = new Map(takeOver.map((change, index) => [nameOf(change), 1 + (index % 2)]));
  const steps: Change[][] = [[], [], [], []];
  for (const change of changes)
    steps[half.get(nameOf(change)) ?? (change.action === 'remove' ? LAST : 0)]?.push(change);
  return steps
    .map((step, number): Step => {
      return { changes: step, condition: number === LAST ? 'pool-serves' : 'none' };
    })
    .filter((step) => step.changes.length > 0);
}

const LAST = 3;
const nameOf = ({ backend, slot }: Change): string => `${backend}/${slot}`;
