// Reads HAProxy once more, last of all, before anything is written: what a plan is made on must still be so.

import { showBackendStat, showServersState } from '../haproxy/commands.js';
import { HAProxyError } from '../haproxy/errors.js';
import { balanceProbe, hasDynamicBalance, parseBalance, SHOW_LEVEL } from '../haproxy/probes.js';
import { parseAddresses } from '../haproxy/read.js';
import type { Change } from '../model/change.js';
import type { RuntimeConnection } from '../model/runtime.js';
import type { Observed } from '../model/server.js';

/** Whether the servers of these backends are what was observed: address, port, weight and state. */
export async function isUnchanged(
  connection: RuntimeConnection,
  observed: Observed,
  backends: readonly string[],
): Promise<boolean> {
  const answers = await connection.send(backends.map(showServersState));
  return backends.every((backend, at) => {
    if (answers[at] === observed.texts?.get(backend)) return true;
    const rows = parseAddresses(connection, backend, answers[at] ?? '');
    const before = observed.backends.get(backend) ?? [];
    return (
      rows.length === before.length &&
      rows.every(({ slot, address, port, weight, state }, index) => {
        const server = before[index];
        return (
          server !== undefined &&
          server.slot === slot &&
          server.state === state &&
          server.weight === weight &&
          server.port === port &&
          server.address === address
        );
      })
    );
  });
}

/** One change of each backend that would set a weight. */
function weightChanges(changes: readonly Change[]): Change[] {
  const found = new Map<string, Change>();
  for (const change of changes) {
    const { backend, before, after } = change;
    if (after.state === 'ready' && after.weight !== before.weight) found.set(backend, change);
  }
  return [...found.values()];
}

/**
 * The backends of a plan that take no weight, for who only plans: who applies is told by the first one that is
 * refused. Asked only about weights that differ, where the algorithm's name leaves it open; HAProxy may log that
 * it was asked in vain.
 */
export async function probedBalances(
  connection: RuntimeConnection,
  changes: readonly Change[],
): Promise<string[]> {
  const asked = weightChanges(changes);
  const stats = await connection.send(asked.map(({ backend }) => showBackendStat(backend)));
  const probed = asked.filter((_change, at) => !hasDynamicBalance(stats[at] ?? ''));
  const answers = await connection.send(probed.map(balanceProbe));
  return probed
    .filter((_change, at) => parseBalance(answers[at] ?? '') === 'static')
    .map((one) => one.backend);
}

/** Throws HAProxyError of kind `permission` where this connection may not write. */
export async function checkLevel(connection: RuntimeConnection): Promise<void> {
  const [level = ''] = await connection.send([SHOW_LEVEL]);
  if (level.trim() === 'admin' || !/^(?:user|operator)$/.test(level.trim())) return;
  const detail = `its socket is level ${level.trim()}: apply could write nothing`;
  throw new HAProxyError(connection.name, 'permission', detail, 'give its stats socket "level admin"');
}
