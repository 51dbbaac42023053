// Parses IP literals, host names and ports, and prints them back in one canonical form. Pure.

/** What an address turned out to be once parsed; `text` is always printed by us, never the input. */
export type ParsedAddress =
  | { readonly kind: 'ipv4'; readonly text: string }
  | { readonly kind: 'ipv6'; readonly text: string }
  | { readonly kind: 'name'; readonly text: string };

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
const MAX_NAME_LENGTH = 253;

/**
 * Parses an IPv4 literal, an IPv6 literal (with or without brackets) or a host name.
 * Returns undefined for anything else, for unspecified addresses (HAProxy takes `0.0.0.0` as "where
 * the client connected to") and for names that end in a number (RFC 1123, 2.1): resolvers take those,
 * hexadecimal ones too, for addresses (`0x10` is 0.0.0.16 to inet_aton).
 */
export function parseAddress(input: string): ParsedAddress | undefined {
  const ip = parseIp(input);
  if (ip !== undefined) return isUnspecified(ip.text) ? undefined : ip;
  const name = input.toLowerCase().replace(/\.$/, '');
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) return undefined;
  const labels = name.split('.');
  const last = labels[labels.length - 1] ?? '';
  if (!labels.every((label) => LABEL.test(label)) || /^(?:\d+|0x[0-9a-f]*)$/.test(last)) return undefined;
  return { kind: 'name', text: name };
}

/**
 * Parses an IP literal to its canonical text (RFC 5952 for IPv6), unspecified addresses included. IPv4 that is
 * mapped into IPv6 (`::ffff:10.0.0.1`) is that IPv4 address: a connection to either reaches the same host.
 */
export function parseIp(input: string): ParsedAddress | undefined {
  if (input.length > 64) return undefined;
  if (IPV4.test(input)) return { kind: 'ipv4', text: input };
  const bare = input.startsWith('[') && input.endsWith(']') ? input.slice(1, -1) : input;
  if (!bare.includes(':') || !/^[0-9a-fA-F:.]+$/.test(bare)) return undefined;
  try {
    const text = new URL(`http://[${bare}]`).hostname.slice(1, -1);
    const mapped = MAPPED.exec(text);
    return mapped ? { kind: 'ipv4', text: ipv4Of(mapped[1], mapped[2]) } : { kind: 'ipv6', text };
  } catch {
    return undefined;
  }
}

const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Of the two last groups of an IPv6 address. */
function ipv4Of(...groups: readonly (string | undefined)[]): string {
  const numbers = groups.map((group = '') => Number.parseInt(group, 16));
  return numbers.flatMap((number) => [number >> 8, number & 0xff]).join('.');
}

function isUnspecified(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

/** A decimal TCP port from 1 to 65535, or undefined. Accepts a number or its plain decimal text. */
export function parsePort(input: unknown): number | undefined {
  return parseWhole(input, 1, 65_535);
}

/** A whole number in `min..max` written in plain decimal: no sign, blank, exponent, hex or leading zero. */
export function parseWhole(input: unknown, min: number, max: number): number | undefined {
  const value = typeof input === 'string' && /^(?:0|[1-9]\d{0,9})$/.test(input) ? Number(input) : input;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) return undefined;
  return value;
}

/** `address:port` for people and for hashing, with brackets around IPv6. */
export function printHostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Orders IP literals: IPv4 before IPv6, then by numeric value, so that "lowest" means the same everywhere. */
export function compareIps(a: string, b: string): number {
  const left = sortKey(a);
  const right = sortKey(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function sortKey(ip: string): string {
  if (!ip.includes(':'))
    return `4${ip
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.')}`;
  const [head = '', tail] = ip.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return `6${[...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(':')}`;
}
