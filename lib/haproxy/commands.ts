// The commands that change a server, printed from parsed values only. Pure.
import { parseIp, parsePort, parseWhole } from '../model/address.js';
import type { SlotState } from '../model/server.js';
import { MAX_MAXCONN, MAX_WEIGHT } from '../model/server-limits.js';
import { quote } from '../model/text.js';

const NAME = /^[A-Za-z0-9_.:-]{1,128}$/;

/** A server in a backend, as HAProxy's commands address it. */
export interface ServerName {
  readonly backend: string;
  readonly slot: string;
}

/** `backend/slot`. Throws for names that are unusable on HAProxy's command line. */
export function serverPath({ backend, slot }: ServerName): string {
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

/** The commands for one server; its names are checked once, every value in each. All throw what they refuse. */
export interface ServerCommands {
  /** `backend/slot`, as HAProxy addresses it. */
  readonly name: string;
  /** Changes address and port together; ports are not range-checked by HAProxy, so they are here. */
  address(ip: string, port: number): string;
  /** Sets the weight, 0 to 256; 0 leaves the server up with no new traffic. */
  weight(weight: number): string;
  /** Sets maxconn; 0 is no limit. Another command family than the rest: `set maxconn server`. */
  maxconn(maxconn: number): string;
  state(state: SlotState): string;
  /** Ends every session that the server has, requests in flight included. */
  shutdownSessions(): string;
  /** Clears what an agent-check said of the node that the server was at before. */
  agentUp(): string;
}

const STATE_WORDS: Readonly<Record<SlotState, string>> = {
  ready: 'ready',
  drain: 'drain',
  maintenance: 'maint',
};

/** Throws for names that are unusable on HAProxy's command line. */
export function serverCommands(backend: string, slot: string): ServerCommands {
  const name = serverPath({ backend, slot });
  return {
    name,
    address(ip, port) {
      const parsed = parseIp(ip);
      const checked = parsePort(port);
      if (!parsed || !checked)
        throw new Error(`${quote(ip)} port ${quote(port)} is not an IP address and port`);
      return `set server ${name} addr ${parsed.text} port ${checked}`;
    },
    weight: (weight) => `set server ${name} weight ${whole('weight', weight, MAX_WEIGHT)}`,
    maxconn: (maxconn) => `set maxconn server ${name} ${whole('maxconn', maxconn, MAX_MAXCONN)}`,
    state: (state) => `set server ${name} state ${STATE_WORDS[state]}`,
    shutdownSessions: () => `shutdown sessions server ${name}`,
    agentUp: () => `set server ${name} agent up`,
  };
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

/** What `show stat` says of the backend itself: 2 keeps backends only. */
export function showBackendStat(backend: string): string {
  return showStat(backend).replace(/4 -1$/, '2 -1');
}

/** Whether HAProxy may answer it in several pieces, between which it does other things: all that `show` does, but `info`. */
export const isListing = (line: string): boolean => /^show (?!info$)/.test(line);

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

/** Printable ASCII without `;` and `\\`. */
const PLAIN = /^[\x20-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** Whether a line is one plain command: printable ASCII, no separator, escape or payload, not too long. */
export function isSafeLine(line: string): boolean {
  return (
    line.length > 0 &&
    line.length <= MAX_LINE_BYTES &&
    PLAIN.test(line) &&
    !line.startsWith(' ') &&
    !line.endsWith(' ') &&
    !line.endsWith('<<')
  );
}
