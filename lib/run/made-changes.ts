// What a run changed, all rounds and connections taken together: each slot's way from first to last. Pure.
import type { Action, Change, ChangeResult, MadeChange } from '../model/change.js';
import type { ServerSettings } from '../model/server.js';
import type { Plan } from '../plan/plan.js';

interface Entry {
  readonly change: Change;
  readonly pid: number;
  readonly place: number;
  result: ChangeResult;
  error?: string | undefined;
}

/** Changes by slot and instance; `place` is where they stand in a report, whatever was begun first. */
export type Changes = Map<string, Entry>;

const keyOf = ({ backend, slot, instance }: Change): string => `${backend}/${slot} ${instance}`;

/**
 * Takes note of a change that the process `pid` is about to be given. What was changed before is
 * continued: it began where it began and ends where this ends; when that is the same place, nothing is
 * left of it. What another process was given began anew with this one.
 */
export function noteChange(changes: Changes, change: Change, pid: number, place = changes.size): void {
  const key = keyOf(change);
  const earlier = changes.get(key);
  if (earlier?.pid !== pid || earlier.result === 'skipped') {
    changes.set(key, { change, pid, place: earlier?.place ?? place, result: 'planned' });
    return;
  }
  const { before, action } = earlier.change;
  if (isSame(before, change.after)) changes.delete(key);
  else {
    const whole = { ...change, before, action: actionOf(action, change, before) };
    changes.set(key, { change: whole, pid, place: earlier.place, result: 'planned' });
  }
}

/** Takes note of changes, in the order of the plan, whatever is begun first. */
export function notesOf(
  { changes, plan }: { readonly changes: Changes; readonly plan: Pick<Plan, 'pools'> | undefined },
  planned: readonly Change[],
  pid: number,
): (noted: readonly Change[]) => void {
  const first = changes.size;
  const order = plan?.pools.flatMap((pool) => pool.changes) ?? planned;
  // By itself, or by its name where a setting was taken out of it.
  const places = new Map(order.map((change, at) => [change, first + at]));
  const nameOf = ({ backend, slot, action }: Change): string => `${backend}/${slot} ${action}`;
  let named: ReadonlyMap<string, number> | undefined;
  const placeOf = (change: Change): number | undefined => {
    const place = places.get(change);
    if (place !== undefined) return place;
    named ??= new Map([...places].map(([one, at]) => [nameOf(one), at]));
    return named.get(nameOf(change));
  };
  return (noted) => {
    for (const change of noted) noteChange(changes, change, pid, placeOf(change));
  };
}

/** What became of a change that was noted before. */
export function noteResult(changes: Changes, change: Change, result: ChangeResult, error?: string): void {
  const entry = changes.get(keyOf(change));
  if (entry) settle(entry, result, error);
}

function settle(entry: Entry, result: ChangeResult, error?: string): void {
  entry.result = result;
  entry.error = error;
}

/** The same change without its weight, which the backend does not take; nothing, where that was all of it. */
export function forgetWeight(changes: Changes, change: Change): void {
  const key = keyOf(change);
  const entry = changes.get(key);
  if (!entry) return;
  const { before, after } = entry.change;
  const whole = { ...entry.change, after: { ...after, weight: before.weight } };
  if (isSame(before, whole.after)) changes.delete(key);
  else changes.set(key, { change: whole, pid: entry.pid, place: entry.place, result: 'done' });
}

/** What was begun, and of which nobody heard: done where HAProxy listed it at last, else who knows. */
export function settleResults(changes: Changes, error?: string): void {
  for (const entry of changes.values())
    if (entry.result === 'planned') settle(entry, error === undefined ? 'done' : 'failed', error);
}

/** In the order of the plans, which go pool by pool. */
export function inPlannedOrder(changes: Changes): MadeChange[] {
  return [...changes.values()]
    .sort((a, b) => a.place - b.place)
    .map(({ change, result, error }) => madeChange(change, result, error));
}

/** Field by field: a run may have made thousands, and two spreads into one object are slow (V8 of Node 20). */
function madeChange(change: Change, result: ChangeResult, error: string | undefined): MadeChange {
  const { backend, slot, instance, action, before, after, reason } = change;
  const made = { backend, slot, instance, action, before, after, reason, result };
  return error === undefined ? made : { ...made, error };
}

function isSame(a: ServerSettings, b: ServerSettings): boolean {
  return (
    a.address === b.address &&
    a.port === b.port &&
    a.weight === b.weight &&
    a.maxconn === b.maxconn &&
    a.state === b.state
  );
}

/** What the way as a whole is: whoever was placed in it was added; whoever was ready all along, updated. */
function actionOf(first: Action, { action, after }: Change, before: ServerSettings): Action {
  if (after.state === 'maintenance' || action === 'add') return action;
  if (first === 'add') return 'add';
  return before.state === 'ready' ? 'update' : 'enable';
}
