// Turns planned changes into commands, in the order that never shows a request a wrong address. Pure.
import { MAX_MAXCONN, setAddress, setMaxconn, setState, setWeight } from '../haproxy/commands.js';
import type { ReportedChange } from '../report.js';

export interface Write {
  readonly line: string;
  readonly backend: string;
  readonly slot: string;
}

export interface Phases {
  /** First: what must not serve any more stops. */
  readonly maintenance: readonly Write[];
  /** Then addresses, one per slot; they must show in a read before the slot may be ready. */
  readonly addresses: readonly (Write & { readonly address: string; readonly port: number })[];
  readonly settings: readonly Write[];
  readonly ready: readonly Write[];
}

/** The commands of a plan by phase; within a phase in the plan's order. Only what differs is written. */
export function phasesOf(changes: readonly ReportedChange[]): Phases {
  const maintenance: Write[] = [];
  const addresses: (Write & { address: string; port: number })[] = [];
  const settings: Write[] = [];
  const ready: Write[] = [];
  for (const { backend, slot, before, after } of changes) {
    const name = { backend, slot };
    if (after.state === 'maintenance') {
      maintenance.push({ ...name, line: setState(name, 'maintenance') });
      continue;
    }
    const { address, port, weight, maxconn } = after;
    if (address !== null && (address !== before.address || port !== before.port)) {
      addresses.push({ ...name, line: setAddress(name, address, port), address, port });
    }
    if (weight !== before.weight) settings.push({ ...name, line: setWeight(name, weight) });
    if (maxconn !== before.maxconn) {
      // Taking the limit away (0) leaves those who wait for it waiting, on every version; a high one lets them in.
      const waiting = maxconn === 0 && before.state === 'ready';
      if (waiting) settings.push({ ...name, line: setMaxconn(name, MAX_MAXCONN) });
      settings.push({ ...name, line: setMaxconn(name, maxconn) });
    }
    if (before.state !== 'ready') ready.push({ ...name, line: setState(name, 'ready') });
  }
  return { maintenance, addresses, settings, ready };
}
