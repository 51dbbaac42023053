// The order in which a plan's changes are written, so that somebody serves at any time. Pure.
import type { Change } from '../model/change.js';

/** What has to hold in a backend before its changes of a step may be written. */
export interface Condition {
  /**
   * `who-stays`: a server serves that is not in `leaving`. `another`: so does any that is not in `leaving`, or
   * nobody has a server yet who is to stay. A pool is never emptied for those who cannot come.
   */
  readonly serves: 'who-stays' | 'another';
  /** Backends in which Consul has somebody who could serve; elsewhere there is nobody to wait for. */
  readonly backends: ReadonlySet<string>;
  /** `backend/slot` of servers that this step takes away; for `who-stays` of those that a later one does, too. */
  readonly leaving: ReadonlySet<string>;
}

export interface Step {
  readonly changes: readonly Change[];
  readonly condition: 'none' | Condition;
}

export interface StepsPolicy {
  /** Backends in which Consul has somebody healthy, with a weight above 0. */
  readonly awaited: ReadonlySet<string>;
  /** `backend/slot` of servers that nobody loses: without an address, or one of two at the same. */
  readonly surplus: ReadonlySet<string>;
  /** Whether requests reach the server now, by `backend/slot`. */
  readonly serves: (name: string) => boolean;
}

/**
 * Each step is written whole before the next: who stops for being critical, who starts in a server that is free,
 * and who takes over one of somebody who leaves and that serves nobody (DOWN, weight 0); who takes over the server
 * of somebody who leaves and serves, in two halves of each backend; and last, who leaves.
 */
export function stepsOf(changes: readonly Change[], { awaited, serves, surplus }: StepsPolicy): Step[] {
  /** It takes a server away from somebody; what is nobody's goes at once. */
  const servesSomebody = (change: Change): boolean =>
    change.action === 'remove' && !surplus.has(nameOf(change));
  const leaving = new Set(changes.filter(servesSomebody).map(nameOf));
  if (leaving.size === 0) return changes.length === 0 ? [] : [{ changes, condition: 'none' }];
  const takenOver = changes.filter((change) => change.action !== 'remove' && leaving.has(nameOf(change)));
  // Nobody loses these, and waiting for somebody to serve would wait for those who have no other place.
  const silent = new Set(takenOver.map(nameOf).filter((name) => !serves(name)));
  const replaced = takenOver.filter((change) => !silent.has(nameOf(change)));
  const first = firstHalf(replaced);
  const second = new Set(replaced.map(nameOf).filter((name) => !first.has(name)));
  const steps: Change[][] = [[], [], [], []];
  for (const change of changes) {
    const name = nameOf(change);
    const takeOver = first.has(name) ? 1 : second.has(name) ? 2 : undefined;
    const isLast = servesSomebody(change) && !silent.has(name);
    steps[takeOver ?? (isLast ? LAST : 0)]?.push(change);
  }
  const staying = new Set([...leaving].filter((name) => !first.has(name) && !silent.has(name)));
  const conditions: Step['condition'][] = [
    'none',
    { serves: 'another', backends: awaited, leaving: first },
    { serves: 'who-stays', backends: awaited, leaving: staying },
    {
      serves: 'who-stays',
      backends: awaited,
      leaving: new Set([...staying].filter((name) => !second.has(name))),
    },
  ];
  return steps
    .map((step, number): Step => ({ changes: step, condition: conditions[number] ?? 'none' }))
    .filter((step) => step.changes.length > 0);
}

const LAST = 3;
const nameOf = ({ backend, slot }: Pick<Change, 'backend' | 'slot'>): string => `${backend}/${slot}`;

/** Half of each backend's, or the only one. */
function firstHalf(takenOver: readonly Change[]): Set<string> {
  const byBackend = new Map<string, string[]>();
  for (const change of takenOver) {
    const names = byBackend.get(change.backend) ?? [];
    byBackend.set(change.backend, names);
    names.push(nameOf(change));
  }
  const first = new Set<string>();
  for (const names of byBackend.values())
    for (const name of names.slice(0, Math.max(1, Math.floor(names.length / 2)))) first.add(name);
  return first;
}
