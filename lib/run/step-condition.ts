// Which changes of a step may be written, by its condition and by what HAProxy lists at that moment.
import { readHAProxy } from '../haproxy/read.js';
import type { Refusals } from '../haproxy/write.js';
import type { Change } from '../model/change.js';
import type { RuntimeConnection } from '../model/runtime.js';
import { isServing, type ObservedServer } from '../model/server.js';
import type { Step } from '../plan/steps.js';

/**
 * The changes that may be written now. HAProxy is asked only about the `doubtful` backends, in which it refused
 * something before: elsewhere those who come are ready. What has to wait is added to `refused`, in our words.
 */
export async function allowedIn(
  connection: RuntimeConnection,
  { changes, condition }: Step,
  refused: Refusals,
  doubtful: ReadonlySet<string>,
): Promise<readonly Change[]> {
  const asked = [...new Set(changes.map(({ backend }) => backend))].filter((backend) =>
    doubtful.has(backend),
  );
  if (condition === 'none' || asked.length === 0) return changes;
  const { backends } = await readHAProxy(connection, asked);
  const leaving = new Set(changes.filter(({ action }) => action === 'remove').map(nameOf));
  const serves = (backend: string, server: ObservedServer): boolean =>
    isServing(server) && !leaving.has(nameOf({ backend, slot: server.slot }));
  const emptied = asked.filter(
    (backend) => !backends.get(backend)?.some((server) => serves(backend, server)),
  );
  for (const change of changes) {
    const { backend } = change;
    if (emptied.includes(backend))
      refused.set(nameOf(change), { backend, words: `kept, since nobody else of ${backend} serves` });
  }
  return changes.filter(({ backend }) => !emptied.includes(backend));
}

const nameOf = ({ backend, slot }: Pick<Change, 'backend' | 'slot'>): string => `${backend}/${slot}`;
