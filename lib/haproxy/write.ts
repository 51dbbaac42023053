// Writes planned changes through one connection, wave by wave and phase by phase, waiting until new addresses show.
import { printHostPort } from '../model/address.js';
import type { Clock, RuntimeConnection } from '../model/ports.js';
import type { ReportedChange } from '../model/report.js';
import { quote, showMs } from '../model/text.js';
import { isDone, showServersState } from './commands.js';
import { PermissionError } from './errors.js';
import type { ServerStateRow } from './listings.js';
import { type AddressWrite, phasesOf, type Write, wavesOf } from './phases.js';
import { parseAddresses, permissionText } from './read.js';

/** Longest pause between two looks at addresses that do not show yet, in milliseconds. */
const MAX_PAUSE_MS = 50;

export interface WriteOptions {
  readonly clock: Clock;
  /** How long new addresses may take to show, in milliseconds; 2.9 and later apply them after the answer. */
  readonly addressTimeoutMs: number;
}

/**
 * Writes all changes; each command fails alone. A slot whose address does not show, or one of whose
 * commands was refused, is not made ready. Returns HAProxy's own words for what it refused, by
 * `backend/slot`. Throws PermissionError below level admin, and what the connection throws.
 */
export async function writePlan(
  connection: RuntimeConnection,
  changes: readonly ReportedChange[],
  { clock, addressTimeoutMs }: WriteOptions,
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  /** Writes, and then lists the addresses in these backends, in one exchange. */
  const send = async (writes: readonly Write[], backends: readonly string[] = []): Promise<Listed> => {
    const allowed = refused.size === 0 ? writes : writes.filter((write) => !refused.has(write.name));
    const lines = [...allowed.map(({ line }) => line), ...backends.map(showServersState)];
    const answers = await connection.send(lines);
    for (const [index, write] of allowed.entries()) {
      const answer = answers[index] ?? '';
      if (answer === '') continue;
      if (/^Permission denied/.test(answer))
        throw new PermissionError(connection.name, permissionText(write.line));
      if (!isDone(write.line, answer))
        refused.set(write.name, `${quote(write.line)} was answered ${quote(answer)}`);
    }
    return backends.map((backend, index) => [
      backend,
      parseAddresses(connection, backend, answers[allowed.length + index] ?? ''),
    ]);
  };

  for (const wave of wavesOf(changes)) {
    const { maintenance, addresses, settings, ready } = phasesOf(wave);
    await send(maintenance);
    const backends = [...new Set(addresses.map(({ backend }) => backend))];
    const listed = await send([...addresses, ...settings], backends);
    await awaitAddresses(addresses, listed);
    await send(ready);
  }
  return refused;

  async function awaitAddresses(addresses: readonly AddressWrite[], first: Listed): Promise<void> {
    const deadline = clock.now() + addressTimeoutMs;
    const missing = missingBySlot(addresses.filter(({ name }) => !refused.has(name)));
    let listed = first;
    for (let pauseMs = 1; missing.size > 0; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      for (const [backend, rows] of listed) {
        const slots = missing.get(backend);
        if (!slots) continue;
        for (const { slot, address, port } of rows) {
          const wanted = slots.get(slot);
          if (wanted && address !== null && wanted.at === printHostPort(address, port)) slots.delete(slot);
        }
        if (slots.size === 0) missing.delete(backend);
      }
      if (missing.size === 0 || clock.now() >= deadline) break;
      await clock.sleep(pauseMs);
      listed = await send([], [...missing.keys()]);
    }
    for (const { name, at } of [...missing.values()].flatMap((slots) => [...slots.values()])) {
      refused.set(name, `address ${at} did not show within ${showMs(addressTimeoutMs)}`);
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
