// Writes one step of a plan through one connection, phase by phase, and waits until new addresses show.
import { printHostPort } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { Clock } from '../model/clock.js';
import type { RuntimeConnection } from '../model/runtime.js';
import { quote, showMs } from '../model/text.js';
import { isDone, showServersState } from './commands.js';
import type { ServerStateRow } from './listings.js';
import { type AddressWrite, phasesOf, type Write } from './phases.js';
import { parseAddresses, permissionError } from './read.js';

/** Longest pause between two looks at addresses that do not show yet, in milliseconds. */
const MAX_PAUSE_MS = 50;

export interface WriteOptions {
  readonly clock: Clock;
  /** How long new addresses may take to show, in milliseconds; 2.9 and later apply them after the answer. */
  readonly addressTimeoutMs: number;
}

/** Why a server is not written to any more in this round, by `backend/slot`: mostly HAProxy's own words. */
export type Refusals = Map<string, { readonly backend: string; readonly words: string }>;

/**
 * Writes the changes of one step; each command fails alone, and what is refused is added to `refused`. A
 * slot whose address does not show, or one of whose commands was refused, is not made ready. Throws
 * HAProxyError of kind `permission` below level admin, and what the connection throws.
 */
export async function writeStep(
  connection: RuntimeConnection,
  changes: readonly Change[],
  refused: Refusals,
  { clock, addressTimeoutMs }: WriteOptions,
): Promise<void> {
  /** Writes, and then lists the addresses in these backends, in one exchange. */
  const send = async (writes: readonly Write[], backends: readonly string[] = []): Promise<Listed> => {
    const allowed = refused.size === 0 ? writes : writes.filter((write) => !refused.has(write.name));
    const lines = [...allowed.map(({ line }) => line), ...backends.map(showServersState)];
    const answers = await connection.send(lines);
    for (const [index, { name, backend, line }] of allowed.entries()) {
      const answer = answers[index] ?? '';
      if (answer === '') continue;
      if (/^Permission denied/.test(answer)) throw permissionError(connection.name, line);
      if (!isDone(line, answer))
        refused.set(name, { backend, words: `${quote(line)} was answered ${quote(answer)}` });
    }
    return backends.map((backend, index) => [
      backend,
      parseAddresses(connection, backend, answers[allowed.length + index] ?? ''),
    ]);
  };

  const { maintenance, addresses, settings, ready } = phasesOf(changes);
  await send(maintenance);
  const backends = [...new Set(addresses.map(({ backend }) => backend))];
  const listed = await send([...addresses, ...settings], backends);
  await awaitAddresses(addresses, listed);
  await send(ready);

  async function awaitAddresses(addresses: readonly AddressWrite[], first: Listed): Promise<void> {
    const deadline = clock.monotonicMs() + addressTimeoutMs;
    const missing = missingBySlot(addresses.filter(({ name }) => !refused.has(name)));
    let listed = first;
    for (let pauseMs = 1; missing.size > 0; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      for (const [backend, rows] of listed) {
        const slots = missing.get(backend);
        if (!slots) continue;
        for (const { slot, address, port } of rows) {
          const wanted = slots.get(slot);
          if (wanted && address !== null && wanted.hostPort === printHostPort(address, port))
            slots.delete(slot);
        }
        if (slots.size === 0) missing.delete(backend);
      }
      if (missing.size === 0 || clock.monotonicMs() >= deadline) break;
      await clock.sleep(pauseMs);
      listed = await send([], [...missing.keys()]);
    }
    for (const { name, backend, hostPort } of [...missing.values()].flatMap((slots) => [...slots.values()])) {
      const words = `address ${hostPort} did not show within ${showMs(addressTimeoutMs)}`;
      refused.set(name, { backend, words });
    }
  }
}

/** Backends and what is in their slots. */
type Listed = readonly (readonly [string, readonly ServerStateRow[]])[];

/** By backend, then by slot. */
function missingBySlot(writes: readonly AddressWrite[]): Map<string, Map<string, AddressWrite>> {
  const missing = new Map<string, Map<string, AddressWrite>>();
  for (const write of writes) {
    const slots = missing.get(write.backend) ?? new Map<string, AddressWrite>();
    missing.set(write.backend, slots.set(write.slot, write));
  }
  return missing;
}
