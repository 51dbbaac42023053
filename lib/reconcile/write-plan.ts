// Writes planned changes through one connection, phase by phase, waiting until new addresses show.
import { printHostPort } from '../address.js';
import { isDone } from '../haproxy/commands.js';
import { PermissionError } from '../haproxy/errors.js';
import { observeAddresses, permissionText } from '../haproxy/observe.js';
import type { ReportedChange } from '../report.js';
import { quote, showName } from '../text.js';
import type { Clock, RuntimeConnection } from './ports.js';
import { phasesOf, type Write } from './writes.js';

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
  const phases = phasesOf(changes);
  const refused = new Map<string, string>();
  const send = async (writes: readonly Write[]): Promise<void> => {
    const allowed = refused.size === 0 ? writes : writes.filter((write) => !refused.has(nameOf(write)));
    const answers = await connection.send(allowed.map(({ line }) => line));
    for (const [index, write] of allowed.entries()) {
      const answer = answers[index] ?? '';
      if (answer === '') continue;
      if (/^Permission denied/.test(answer))
        throw new PermissionError(connection.name, permissionText(write.line));
      if (!isDone(write.line, answer))
        refused.set(nameOf(write), `${quote(write.line)} was answered ${quote(answer)}`);
    }
  };

  await send(phases.maintenance);
  await send(phases.addresses);
  await awaitAddresses();
  await send(phases.settings);
  await send(phases.ready);
  return refused;

  async function awaitAddresses(): Promise<void> {
    const deadline = clock.now() + addressTimeoutMs;
    const missing = new Map(
      phases.addresses
        .filter((write) => !refused.has(nameOf(write)))
        .map((write) => [
          nameOf(write),
          { backend: write.backend, at: printHostPort(write.address, write.port) },
        ]),
    );
    for (let pauseMs = 1; missing.size > 0; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      for (const backend of new Set([...missing.values()].map((wanted) => wanted.backend))) {
        for (const { slot, address, port } of await observeAddresses(connection, backend)) {
          const name = nameOf({ backend, slot });
          if (address !== null && missing.get(name)?.at === printHostPort(address, port))
            missing.delete(name);
        }
      }
      if (missing.size === 0) return;
      if (clock.now() >= deadline) break;
      await clock.sleep(pauseMs);
    }
    for (const [name, { at }] of missing)
      refused.set(name, `address ${at} did not show within ${addressTimeoutMs} ms`);
  }
}

function nameOf({ backend, slot }: Pick<Write, 'backend' | 'slot'>): string {
  return `${showName(backend)}/${showName(slot)}`;
}
