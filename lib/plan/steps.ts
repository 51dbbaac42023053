// The order in which a plan's changes are written, so that somebody serves at any time. Pure.
import type { Change } from '../model/change.js';

export interface Step {
  readonly changes: readonly Change[];
  /**
   * `pool-serves`: where HAProxy refused something in a backend before, its changes are written only if one of
   * its servers serves that this step does not take away. So a pool is never emptied for those who cannot come.
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
      return { changes: step, condition: number === 0 ? 'none' : 'pool-serves' };
    })
    .filter((step) => step.changes.length > 0);
}

const LAST = 3;
const nameOf = ({ backend, slot }: Change): string => `${backend}/${slot}`;
