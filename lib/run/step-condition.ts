// Which changes of a step may be written, by its condition and by what HAProxy lists at that moment.
import type { Change } from '../model/change.js';
import { isServing, type ObservedServer } from '../model/server.js';
import type { Condition } from '../plan/steps.js';

/** Backends to their servers. */
export type Listed = ReadonlyMap<string, readonly ObservedServer[]>;

/**
 * The backends in which the condition does not hold, of those that the changes are in. In `doubtful` ones HAProxy
 * refused somebody: nobody is taken away there for who may not come either.
 */
export function emptiedBy(
  changes: readonly Change[],
  condition: Condition,
  listed: Listed,
  doubtful: ReadonlySet<string>,
): string[] {
  const backends = [...new Set(changes.map(({ backend }) => backend))];
  return backends.filter(
    (backend) =>
      condition.backends.has(backend) &&
      !holds(backend, condition, listed.get(backend) ?? [], doubtful.has(backend)),
  );
}

function holds(
  backend: string,
  { serves, leaving }: Condition,
  servers: readonly ObservedServer[],
  isDoubtful: boolean,
): boolean {
  const others = servers.filter(({ slot }) => !leaving.has(`${backend}/${slot}`));
  if (others.some(isServing)) return true;
  return (
    serves === 'another' &&
    !isDoubtful &&
    !others.some(({ state, weight }) => state === 'ready' && weight > 0)
  );
}

/** Whether a server of these backends was just made ready and waits for its first check (`init-state down`). */
export function isAwaitingChecks(
  backends: readonly string[],
  started: ReadonlySet<string>,
  listed: Listed,
): boolean {
  return backends.some((backend) =>
    listed.get(backend)?.some(({ slot, state, status }) => {
      const isNew = started.has(`${backend}/${slot}`);
      return isNew && state === 'ready' && status.startsWith('DOWN');
    }),
  );
}
