// What a run changed, all rounds and connections taken together: each slot's way from first to last. Pure.
import type { Action, Change } from '../model/change.js';
import type { ServerSettings } from '../model/server.js';
/** Changes by slot and instance; `place` is where they stand in a report, whatever was begun first. */
export type Changes = Map<string, { readonly change: Change; readonly pid: number; readonly place: number }>;

/**
 * Takes note of a change that the process `pid` is about to be given. What was changed before is
 * continued: it began where it began and ends where this ends; when that is the same place, nothing is
 * left of it. What another process was given began anew with this one.
 */
export function noteChange(changes: Changes, change: Change, pid: number, place = changes.size): void {
  const key = `${change.backend}/${change.slot} ${change.instance}`;
  const earlier = changes.get(key);
  if (earlier?.pid !== pid) {
    changes.set(key, { change, pid, place });
    return;
  }
  const { before, action } = earlier.change;
  if (isSame(before, change.after)) changes.delete(key);
  else {
    const whole = { ...change, before, action: actionOf(action, change, before) };
    changes.set(key, { change: whole, pid, place: earlier.place });
  }
}

/** In the order of the plans, which go pool by pool. */
export function inPlannedOrder(changes: Changes): Change[] {
  return [...changes.values()].sort((a, b) => a.place - b.place).map(({ change }) => change);
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
