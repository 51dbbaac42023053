// Whether a host can only be this machine. Pure.
import { parseIp } from './address.js';

/** `localhost`, 127.0.0.0/8 (also written as `::ffff:127.0.0.1`) and ::1, as listened on or as named by a client. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const ip = parseIp(host);
  return ip?.kind === 'ipv4' ? ip.text.startsWith('127.') : ip?.text === '::1';
}
