// Turns the changes of a step into commands, in the order that never shows a request a wrong address. Pure.
import { printHostPort } from '../model/address.js';
import type { Change } from '../model/change.js';
import { MAX_MAXCONN } from '../model/server-limits.js';
import { type ServerCommands, serverCommands } from './commands.js';

export interface Write {
  readonly line: string;
  readonly backend: string;
  /** `backend/slot`. */
  readonly name: string;
}

export interface AddressWrite extends Write {
  readonly slot: string;
  /** The `address:port` that has to show. */
  readonly hostPort: string;
}

/** What the server can do without: where HAProxy refuses it, it serves with what it has. */
export interface SettingWrite extends Write {
  readonly setting: 'weight' | 'maxconn' | 'agent';
  readonly value: number;
}

export interface Phases {
  /** First: what must not serve any more stops. */
  readonly maintenance: readonly Write[];
  /** Then addresses, one per slot, with the settings; they must show in a read before the slot may be ready. */
  readonly addresses: readonly AddressWrite[];
  readonly settings: readonly SettingWrite[];
  readonly ready: readonly Write[];
}

/**
 * The commands of a step by phase; within a phase in the plan's order. Only what differs is written. `hasAgent`
 * says, by `backend/slot`, where an agent-check may have left its word about the server's last owner.
 */
export function phasesOf(changes: readonly Change[], hasAgent: (name: string) => boolean): Phases {
  const maintenance: Write[] = [];
  const addresses: AddressWrite[] = [];
  const settings: SettingWrite[] = [];
  const ready: Write[] = [];
  for (const { backend, slot, action, before, after } of changes) {
    const commands = serverCommands(backend, slot);
    const { name } = commands;
    if (after.state === 'maintenance') {
      maintenance.push({ name, backend, line: commands.state('maintenance') });
      if (after.maxconn !== before.maxconn) settings.push(maxconnWrite(commands, backend, after.maxconn));
      continue;
    }
    // One that an agent drained and that nobody is at any more: it takes requests of those who have its cookie.
    if (before.state === 'drain') maintenance.push({ name, backend, line: commands.state('maintenance') });
    const { address, port, weight, maxconn } = after;
    if (address !== null && (address !== before.address || port !== before.port)) {
      const line = commands.address(address, port);
      addresses.push({ name, backend, line, slot, hostPort: printHostPort(address, port) });
    }
    if (weight !== before.weight) {
      const line = commands.weight(weight);
      settings.push({ name, backend, line, setting: 'weight', value: weight });
    }
    if (maxconn !== before.maxconn) {
      // Taking the limit away (0) leaves those who wait for it waiting, on every version; a high one lets them in.
      const waiting = maxconn === 0 && before.state === 'ready';
      if (waiting) settings.push(maxconnWrite(commands, backend, maxconn, MAX_MAXCONN));
      settings.push(maxconnWrite(commands, backend, maxconn));
    }
    if (action === 'add' && hasAgent(name))
      settings.push({ name, backend, line: commands.agentUp(), setting: 'agent', value: 0 });
    if (before.state !== 'ready') ready.push({ name, backend, line: commands.state('ready') });
  }
  return { maintenance, addresses, settings, ready };
}

/** `written` on the way to `value`. Field by field: a spread is many times slower (V8 of Node 20). */
function maxconnWrite(
  { name, maxconn }: ServerCommands,
  backend: string,
  value: number,
  written = value,
): SettingWrite {
  return { name, backend, setting: 'maxconn', value, line: maxconn(written) };
}
