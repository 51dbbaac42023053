// Which changes of a step may be written, by its condition and by what HAProxy lists at that moment.
import { readHAProxy } from '../haproxy/read.js';
import type { Refusals } from '../haproxy/write.js';
import type { Change } from '../model/change.js';
import type { RuntimeConnection } from '../model/runtime.js';
import { isServing, type ObservedServer } from '../model/server.js';
import type { Step } from '../plan/steps.js';

/**
 * Splits a step. HAProxy is asked only about pools in which it refused something in this round: where
 * nothing was refused, those who come are ready. What is held is added to `refused`, in our words.
 */
export async function allowedIn(
  connection: RuntimeConnection,
  { changes, condition }: Step,
  refused: Refusals,
): Promise<{ readonly allowed: readonly Change[]; readonly held: readonly Change[] }> {
  const doubtful = new Set([...refused.values()].map(({ backend }) => backend));
  const asked = [...new Set(changes.map(({ backend }) => backend))].filter((backend) =>
    doubtful.has(backend),
  );
  if (condition === 'none' || asked.length === 0) return { allowed: changes, held: [] };
  const { backends } = await readHAProxy(connection, asked);
  const leaving = new Set(changes.map(nameOf));
  const left = asked.filter((backend) =>
    backends
      .get(backend)
      ?.every((one: ObservedServer) => !isServing(one) || leaving.has(nameOf({ backend, slot: one.slot }))),
  );
  const held = changes.filter(({ backend }) => left.includes(backend));
  for (const change of held)
    refused.set(nameOf(change), {
      backend: change.backend,
      words: `kept, since nobody else of ${change.backend} serves`,
    });
  return { allowed: changes.filter(({ backend }) => !left.includes(backend)), held };
}

const nameOf = ({ backend, slot }: Pick<Change, 'backend' | 'slot'>): string => `${backend}/${slot}`;
