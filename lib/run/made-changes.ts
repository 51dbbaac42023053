// What a run changed, all rounds and connections taken together: each slot's way from first to last. Pure.
import type { Action, Change, ChangeResult, MadeChange } from '../model/change.js';
import type { ServerSettings } from '../model/server.js';

interface Entry {
  readonly change: Change;
  readonly pid: number;
  readonly place: number;
  readonly result: ChangeResult;
  readonly error?: string;
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

/** What became of a change that was noted before. */
export function noteResult(changes: Changes, change: Change, result: ChangeResult, error?: string): void {
  const key = keyOf(change);
  const entry = changes.get(key);
  if (!entry) return;
  const { pid, place } = entry;
  changes.set(key, { change: entry.change, pid, place, result, ...(error === undefined ? {} : { error }) });
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
  for (const { change, result } of [...changes.values()]) {
    if (result !== 'planned') continue;
    if (error === undefined) noteResult(changes, change, 'done');
    else noteResult(changes, change, 'failed', error);
  }
}

/** In the order of the plans, which go pool by pool. */
export function inPlannedOrder(changes: Changes): MadeChange[] {
  return [...changes.values()]
    .sort((a, b) => a.place - b.place)
    .map(({ change, result, error }) => ({ ...change, result, ...(error === undefined ? {} : { error }) }));
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
