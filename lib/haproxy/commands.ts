// The commands that change a server, printed from parsed values only. Pure.
import { parseIp, parsePort, parseWhole } from '../address.js';
import { quote } from '../text.js';

/** HAProxy stores a server's weight in 0..256 (`set server … weight`). */
export const MAX_WEIGHT = 256;
/** Far above what a server can take; HAProxy itself accepts any integer, negative ones too. */
export const MAX_MAXCONN = 1_000_000;

const NAME = /^[A-Za-z0-9_.:-]{1,128}$/;

/** A server in a backend, as HAProxy's commands address it. */
export interface ServerName {
  readonly backend: string;
  readonly slot: string;
}

/** `backend/slot`, as commands take it. Throws on a name that HAProxy would not take as one word. */
export function target({ backend, slot }: ServerName): string {
  if (!NAME.test(backend))
    throw new Error(`backend name ${quote(backend)} is unusable on HAProxy's command line`);
  if (!NAME.test(slot)) throw new Error(`server name ${quote(slot)} is unusable on HAProxy's command line`);
  return `${backend}/${slot}`;
}

function whole(what: string, value: number, max: number): number {
  const parsed = parseWhole(value, 0, max);
  if (parsed === undefined) throw new Error(`${what} ${quote(value)} is not a whole number from 0 to ${max}`);
  return parsed;
}

/** Changes address and port together; ports are not range-checked by HAProxy, so they are here. */
export function setAddress(server: ServerName, address: string, port: number): string {
  const ip = parseIp(address);
  const checked = parsePort(port);
  if (!ip || !checked) throw new Error(`${quote(address)} port ${quote(port)} is not an IP address and port`);
  return `set server ${target(server)} addr ${ip.text} port ${checked}`;
}

/** Sets the weight, 0 to 256; 0 leaves the server up with no new traffic. */
export function setWeight(server: ServerName, weight: number): string {
  return `set server ${target(server)} weight ${whole('weight', weight, MAX_WEIGHT)}`;
}

/** Sets maxconn; 0 is no limit. Another command family than the rest: `set maxconn server`. */
export function setMaxconn(server: ServerName, maxconn: number): string {
  return `set maxconn server ${target(server)} ${whole('maxconn', maxconn, MAX_MAXCONN)}`;
}

export function setState(server: ServerName, state: 'ready' | 'maintenance'): string {
  return `set server ${target(server)} state ${state === 'ready' ? 'ready' : 'maint'}`;
}

/** The listing with addresses and administrative states of one backend. */
export function showServersState(backend: string): string {
  if (!NAME.test(backend))
    throw new Error(`backend name ${quote(backend)} is unusable on HAProxy's command line`);
  return `show servers state ${backend}`;
}

/** The listing with maxconn and sessions of one backend; 4 keeps servers only, -1 all of them. */
export function showStat(backend: string): string {
  if (!NAME.test(backend))
    throw new Error(`backend name ${quote(backend)} is unusable on HAProxy's command line`);
  return `show stat ${backend} 4 -1`;
}

/**
 * Whether an answer to a command that writes means that it was done. Success is empty, except for
 * `addr`, which says what changed or that nothing did (wording differs between 2.x and 3.x).
 */
export function isDone(command: string, answer: string): boolean {
  if (answer === '') return true;
  if (!/^set server \S+ addr /.test(command)) return false;
  return /^(?:IP changed from|port changed from|no need to change|nothing changed)/.test(answer);
}

/** A line of bufsize-1 bytes makes some versions print without end; ours are far below, in bytes. */
const MAX_LINE_BYTES = 1000;

/** Whether a line is one plain command: printable ASCII, no separator, escape or payload, not too long. */
export function isSafeLine(line: string): boolean {
  return (
    line.length > 0 &&
    line.length <= MAX_LINE_BYTES &&
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(line) &&
    !/[;\\]|<<$/.test(line)
  );
}
