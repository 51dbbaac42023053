// What a run asks one HAProxy for no more: what it refused, and slots whose turn is the next run's. Pure.
import type { RefusedSetting } from '../haproxy/refusals.js';
import type { Change } from '../model/change.js';
import type { Step } from '../plan/steps.js';

export interface GivenUp {
  /** Backends whose balance is static: they take no weight. */
  readonly staticBackends: Set<string>;
  /** Refused settings, by `backend/slot setting`. */
  readonly settings: Map<string, RefusedSetting>;
  /** `backend/slot` of servers that are left as they are. */
  readonly slots: Set<string>;
}

export function makeGivenUp(): GivenUp {
  return { staticBackends: new Set(), settings: new Map(), slots: new Set() };
}

export const nameOf = ({ backend, slot }: Pick<Change, 'backend' | 'slot'>): string => `${backend}/${slot}`;

/** The steps without what was given up; a step of which nothing is left is none. */
export function withoutGivenUp(steps: readonly Step[], givenUp: GivenUp): readonly Step[] {
  const { staticBackends, settings, slots } = givenUp;
  if (staticBackends.size + settings.size + slots.size === 0) return steps;
  return steps
    .map((step) => ({ ...step, changes: step.changes.flatMap((change) => left(change, givenUp) ?? []) }))
    .filter(({ changes }) => changes.length > 0);
}

/** What is left of a change; undefined: nothing. */
function left(change: Change, { staticBackends, settings, slots }: GivenUp): Change | undefined {
  const name = nameOf(change);
  if (slots.has(name)) return undefined;
  const { before, after } = change;
  if (after.state === 'maintenance') return change;
  const keeps = (setting: RefusedSetting['setting']): boolean =>
    settings.get(`${name} ${setting}`)?.value === after[setting];
  const weight = staticBackends.has(change.backend) || keeps('weight') ? before.weight : after.weight;
  const maxconn = keeps('maxconn') ? before.maxconn : after.maxconn;
  if (weight === after.weight && maxconn === after.maxconn) return change;
  if (change.action === 'update' && weight === before.weight && maxconn === before.maxconn) return undefined;
  return { ...change, after: { ...after, weight, maxconn } };
}
