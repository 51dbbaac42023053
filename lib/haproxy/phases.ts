// Turns planned changes into commands, in the order that never shows a request a wrong address. Pure.
import { printHostPort } from '../model/address.js';
import type { ReportedChange } from '../model/report.js';
import { MAX_MAXCONN, serverCommands } from './commands.js';

export interface Write {
  readonly line: string;
  /** `backend/slot`. */
  readonly name: string;
}

export interface AddressWrite extends Write {
  readonly backend: string;
  readonly slot: string;
  /** The `address:port` that has to show. */
  readonly at: string;
}

export interface Phases {
  /** First: what must not serve any more stops. */
  readonly maintenance: readonly Write[];
  /** Then addresses, one per slot, with the settings; they must show in a read before the slot may be ready. */
  readonly addresses: readonly AddressWrite[];
  readonly settings: readonly Write[];
  readonly ready: readonly Write[];
}

/**
 * The changes of a plan in the order of their waves, each written whole before the next: who stops for
 * being critical and who starts in a slot that is free; who takes over the slot of somebody who leaves,
 * in two halves; and last, who leaves. So where several are replaced, somebody is ready at any time.
 */
export function wavesOf(changes: readonly ReportedChange[]): ReportedChange[][] {
  const leaving = new Set(changes.filter(({ action }) => action === 'remove').map(nameOf));
  const takeOver = changes.filter((change) => change.action !== 'remove' && leaving.has(nameOf(change)));
  const wave = new Map(takeOver.map((change, at) => [nameOf(change), 1 + (at % 2)]));
  const waves: ReportedChange[][] = [[], [], [], []];
  for (const change of changes) {
    const number = wave.get(nameOf(change)) ?? (change.action === 'remove' ? 3 : 0);
    waves[number]?.push(change);
  }
  return waves.filter(({ length }) => length > 0);
}

const nameOf = ({ backend, slot }: ReportedChange): string => `${backend}/${slot}`;

/** The commands of a wave by phase; within a phase in the plan's order. Only what differs is written. */
export function phasesOf(changes: readonly ReportedChange[]): Phases {
  const maintenance: Write[] = [];
  const addresses: AddressWrite[] = [];
  const settings: Write[] = [];
  const ready: Write[] = [];
  for (const { backend, slot, before, after } of changes) {
    const commands = serverCommands(backend, slot);
    const { name } = commands;
    if (after.state === 'maintenance') {
      maintenance.push({ name, line: commands.state('maintenance') });
      continue;
    }
    const { address, port, weight, maxconn } = after;
    if (address !== null && (address !== before.address || port !== before.port)) {
      const line = commands.address(address, port);
      addresses.push({ name, line, backend, slot, at: printHostPort(address, port) });
    }
    if (weight !== before.weight) settings.push({ name, line: commands.weight(weight) });
    if (maxconn !== before.maxconn) {
      // Taking the limit away (0) leaves those who wait for it waiting, on every version; a high one lets them in.
      const waiting = maxconn === 0 && before.state === 'ready';
      if (waiting) settings.push({ name, line: commands.maxconn(MAX_MAXCONN) });
      settings.push({ name, line: commands.maxconn(maxconn) });
    }
    if (before.state !== 'ready') ready.push({ name, line: commands.state('ready') });
  }
  return { maintenance, addresses, settings, ready };
}
