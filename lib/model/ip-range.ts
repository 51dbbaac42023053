// Ranges of IP addresses (`10.0.0.0/8`, `::1`), and which addresses lie in them. Pure.
import { parseIp, parseWhole } from './address.js';

/** An IP address or a CIDR range. */
export interface IpRange {
  /** Printed by us: `10.0.0.0/8`, `::1`. */
  readonly text: string;
  /** 4 of IPv4, 16 of IPv6. */
  readonly bytes: readonly number[];
  /** How many of the leading bits count. */
  readonly bits: number;
}

/** IPv4 written as IPv6 (`::ffff:10.0.0.0/104`) is IPv4; undefined for what is no range. */
export function parseRange(input: string): IpRange | undefined {
  const [address = '', length, ...rest] = input.split('/');
  const ip = parseIp(address);
  if (!ip || rest.length > 0) return undefined;
  const bytes = bytesOf(ip.text);
  const longest = bytes.length * 8;
  if (length === undefined) return { text: ip.text, bytes, bits: longest };
  const before = ip.kind === 'ipv4' && address.includes(':') ? MAPPED_BITS : 0;
  const written = parseWhole(length, before, before + longest);
  if (written === undefined) return undefined;
  const bits = written - before;
  return { text: `${ip.text}/${bits}`, bytes, bits };
}

const MAPPED_BITS = 96;

/** Whether the address, as its bytes, lies in the range. */
export function isIn({ bytes, bits }: IpRange, address: readonly number[]): boolean {
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at += 1) if (bytes[at] !== address[at]) return false;
  const rest = bits & 7;
  return rest === 0 || ((bytes[whole] ?? 0) ^ (address[whole] ?? 0)) >> (8 - rest) === 0;
}

/** Whether all of `inner` lies in `outer`. */
export function isWithin(inner: IpRange, outer: IpRange): boolean {
  return inner.bits >= outer.bits && isIn(outer, inner.bytes);
}

/** The 4 or 16 bytes of an IP literal in canonical text. */
export function bytesOf(ip: string): number[] {
  if (!ip.includes(':')) return ip.split('.').map(Number);
  const [head = '', tail] = ip.split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  const zeros = Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0);
  return [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]);
}

const groupsOf = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
