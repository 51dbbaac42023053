// Whether an address can only be this machine. Pure.
import { parseIp } from './address.js';
import { bytesOf, type IpRange, isIn, parseRange } from './ip-range.js';

/** 127.0.0.0/8 and ::1. */
export const LOOPBACK: readonly IpRange[] = ['127.0.0.0/8', '::1'].flatMap((text) => parseRange(text) ?? []);

/** `localhost`, 127.0.0.0/8 (also written as `::ffff:127.0.0.1`) and ::1, as listened on or as named by a client. */
export function isLoopback(host: string): boolean {
  const ip = parseIp(host);
  return ip === undefined ? host === 'localhost' : isLoopbackIp(bytesOf(ip.text));
}

/** Of an IP, as its bytes. */
export function isLoopbackIp(bytes: readonly number[]): boolean {
  return LOOPBACK.some((range) => isIn(range, bytes));
}
