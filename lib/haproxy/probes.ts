// Questions about how HAProxy is set up, none of which changes anything, and their answers parsed. Pure.

import { type ServerName, serverPath } from './commands.js';
import { readRecord } from './csv.js';

/** `admin`, `operator` or `user`: what the connection may do. */
export const SHOW_LEVEL = 'show cli level';
export const SHOW_SOCKETS = 'show cli sockets';
export const SHOW_RESOLVERS = 'show resolvers';
/** A socket line may say `severity-output number`, which puts `[6]: ` before answers on its connections. */
export const PLAIN_ANSWERS = 'set severity-output none';

/** A `stats socket` of the process. */
export interface CliSocket {
  /** `unix@/run/…`, `ipv4@127.0.0.1:9999`, `ipv6@[::1]:9999`. */
  readonly address: string;
  readonly level: string;
}

/**
 * `dynamic`: servers take any weight at runtime; `static`: 0 % and 100 % of the configured one only;
 * `hidden`: it depends on `hash-type`, which cannot be asked for without an ALERT in HAProxy's log.
 */
export type Balance = 'dynamic' | 'static' | 'hidden' | 'unknown';

/** Parses `show cli level`. */
export function parseLevel(text: string): string {
  return text.trim().replace(/^\[\w+\]: /, '');
}

/** Parses `show cli sockets`. */
export function parseSockets(text: string): CliSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, address, level] = /^(\S+@\S+) (\S+)/.exec(line) ?? [];
    return address && level ? [{ address, level }] : [];
  });
}

/** Whether a `resolvers` section has asked a name server, and got answers, from `show resolvers`. */
export function parseResolvers(text: string): { readonly ask: boolean; readonly answer: boolean } {
  return { ask: /^\s+sent:\s+[1-9]/m.test(text), answer: /^\s+valid:\s+[1-9]/m.test(text) };
}

/**
 * What the algorithm in `show stat` says by itself. With those that hash it depends on `hash-type`, which
 * shows nowhere; `random` shows as `unknown` (2.6.12 to 3.4.7).
 */
export function balanceOf(algorithm: string): Balance {
  if (/^(?:roundrobin|leastconn|first|random)$/.test(algorithm)) return 'dynamic';
  return algorithm === 'static-rr' ? 'static' : 'hidden';
}

/**
 * `hash-type` is told by no listing, and setting a weight would be a change. `add server` refuses a static
 * algorithm before it looks at anything else, and with the name of a server that is there, and no address,
 * it refuses everything. Where the algorithm is dynamic, versions before 3.4 log that as an ALERT.
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

/** Whether `balanceProbe` leaves HAProxy's log alone whatever the answer. */
export function isProbeSilent(version: string): boolean {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) * 1000 + Number(minor) >= 3004;
}

/** Reads the refusal of `balanceProbe`; before 2.6 the command is unknown or experimental. */
export function parseBalance(answer: string): Balance {
  if (/must use a dynamic load balancing|non dynamic load balancing/.test(answer)) return 'static';
  return /expects <name> and <addr>|Already exists/.test(answer) ? 'dynamic' : 'unknown';
}
