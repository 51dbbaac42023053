// Questions about how HAProxy is set up, none of which changes anything, and their answers parsed. Pure.

import { type ServerName, serverPath } from './commands.js';
import { readRecord } from './csv.js';

/** `admin`, `operator` or `user`: what the connection may do. */
export const SHOW_LEVEL = 'show cli level';
export const SHOW_SOCKETS = 'show cli sockets';

/** A `stats socket` of the process. */
export interface CliSocket {
  /** `unix@/run/…`, `ipv4@127.0.0.1:9999`, `ipv6@[::1]:9999`. */
  readonly address: string;
  readonly level: string;
}

/** `dynamic`: servers take any weight at runtime; `static`: 0 % and 100 % of the configured one only. */
export type Balance = 'dynamic' | 'static' | 'unknown';

/** How a slot is declared, as far as the listing shows. */
export interface Declared {
  /** The host name in the configuration; null for an IP literal. It stays when an address is set. */
  readonly hostName: string | null;
  /**
   * Seconds since the server's last change of state. It comes back with the state file: older than the
   * process means that the state was loaded when it started (2.6.12, 3.0.11, 3.2.26).
   */
  readonly unchangedSeconds: number;
}

/** Parses `show cli sockets`. */
export function parseSockets(text: string): CliSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, address, level] = /^(\S+@\S+) (\S+)/.exec(line) ?? [];
    return address && level ? [{ address, level }] : [];
  });
}

/**
 * The balance algorithm shows in `show stat`, but not `hash-type`, on which it depends whether weights are
 * taken; and setting one would be a change. `add server` refuses a static algorithm before it looks at
 * anything else, and with the name of a server that is there, and no address, it refuses everything.
 */
export function balanceProbe(server: ServerName): string {
  return `add server ${serverPath(server)}`;
}

/** Whether a backend's `show stat` names an algorithm that takes weights whatever its `hash-type`. */
export function hasDynamicBalance(stat: string): boolean {
  const header = readRecord(stat, 2);
  const { fields } = readRecord(stat, header.next);
  return /^(?:roundrobin|leastconn|first|random)/.test(fields[header.fields.indexOf('algo')] ?? '');
}

/** Reads the refusal of `balanceProbe`; before 2.6 the command is unknown or experimental. */
export function parseBalance(answer: string): Balance {
  if (/must use a dynamic load balancing/.test(answer)) return 'static';
  return /expects <name> and <addr>|Already exists/.test(answer) ? 'dynamic' : 'unknown';
}

/** How each slot of a backend is declared, from its `show servers state`. */
export function parseDeclared(text: string): Map<string, Declared> {
  const [, header = '', ...rows] = text.split('\n');
  const names = header.replace('# ', '').split(' ');
  const column = (fields: readonly string[], name: string): string => fields[names.indexOf(name)] ?? '';
  return new Map(
    rows.filter(Boolean).map((row) => {
      const fields = row.split(' ');
      const hostName = column(fields, 'srv_fqdn');
      const unchangedSeconds = Number(column(fields, 'srv_time_since_last_change')) || 0;
      return [
        column(fields, 'srv_name'),
        { hostName: hostName === '' || hostName === '-' ? null : hostName, unchangedSeconds },
      ];
    }),
  );
}
