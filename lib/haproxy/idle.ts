// Waits until the requests to a slot's last owner are over, on versions whose connections outlive its address.
import type { RuntimeConnection } from '../model/runtime.js';
import { mayReuseConnections } from './listings.js';
import type { AddressWrite } from './phases.js';
import { readHAProxy, readStat } from './read.js';
import type { Refusals } from './refusals.js';

/** First releases in which a connection's key has the server's address (upstream 5fda64e87), by branch. */
const FIXED: Readonly<Record<string, number>> = { '2.6': 22, '2.8': 15, '3.0': 10 };

/**
 * Whether connections that are in use while a server's address changes go on serving the new address from the
 * old node: before 2.6.22, 2.8.15 and 3.0.10, in 2.7, 2.9 and 3.1.
 */
export function keepsConnections(version: string): boolean {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  if (Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 2)) return false;
  const fixed = FIXED[`${major}.${minor}`];
  return fixed === undefined || Number(patch) < fixed;
}

const BUSY = 'requests to the node that it was at before still run';

/**
 * Waits for those slots in whose backend connections may be used again (never in mode tcp). One whose requests are
 * not over in time, or that the operator puts in DRAIN meanwhile, is refused.
 */
export async function awaitIdle(
  connection: RuntimeConnection,
  slots: readonly AddressWrite[],
  refused: Refusals,
  {
    wait,
    holdsDrained,
  }: {
    readonly wait: (isOver: () => Promise<boolean>) => Promise<boolean>;
    /** Refuses one that is in DRAIN, unless it was planned on so; whether it did. */
    readonly holdsDrained: (name: string, backend: string) => boolean;
  },
): Promise<void> {
  const backends = [...new Set(slots.map(({ backend }) => backend))];
  const reusing = new Set<string>();
  for (const backend of backends) {
    if (mayReuseConnections(await readStat(connection, backend))) reusing.add(backend);
  }
  let busy = slots.filter(({ backend }) => reusing.has(backend));
  if (busy.length === 0) return;
  await wait(async () => {
    const { backends: listed } = await readHAProxy(connection, [...new Set(busy.map((one) => one.backend))]);
    busy = busy.filter(({ name, backend, slot }) => {
      const server = listed.get(backend)?.find((one) => one.slot === slot);
      const isHeld = server?.state === 'drain' && holdsDrained(name, backend);
      return !isHeld && (server?.sessions ?? 0) > 0;
    });
    return busy.length === 0;
  });
  for (const { name, backend } of busy) refused.add(name, { backend, kind: 'busy', words: BUSY });
}
