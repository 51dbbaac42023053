// Where we listen ourselves, as `listeners` of LB_CONFIG has it: no instance may be there.
import { networkInterfaces } from 'node:os';
import { parseIp, printHostPort } from '../model/address.js';

/** `ip` is the one that is bound; one that stands for all addresses is each of this machine's, and loopback. */
export function ownListeners(ip: string, port: number): string[] {
  const canonical = parseIp(ip)?.text;
  if (canonical === undefined) return [];
  if (canonical !== '0.0.0.0' && canonical !== '::') return [printHostPort(canonical, port)];
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const ips = own.flatMap(({ address }) => parseIp(address.replace(/%.*$/, ''))?.text ?? []);
  return [`*:${port}`, ...new Set(ips.map((one) => printHostPort(one, port)))];
}
