// Which addresses a server may have: the networks that are allowed, and what nobody may be registered at. Pure.
import { parsePort, printHostPort } from './address.js';
import { bytesOf, type IpRange, isIn, isWithin, parseRange } from './ip-range.js';
import { isLoopbackIp, LOOPBACK } from './loopback.js';

/** Why no server may be at an address. */
export type Refusal =
  /** At no address of this kind, whatever the configuration says. */
  | 'this-network'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'reserved'
  /** It is this machine, and no range of loopback is listed. */
  | 'loopback'
  /** A load balancer itself listens there: its admin socket, or what `listeners` names. */
  | 'listener'
  /** In no range of `networks`. */
  | 'not-listed';

/** What the configuration says of addresses. */
export interface NetworkRule {
  /** IP addresses and CIDR ranges. */
  readonly networks: readonly string[];
  /** `address:port`, and `*:port` for loopback and every address of a load balancer. */
  readonly listeners: readonly string[];
}

/** Where a load balancer is. */
export interface IpPort {
  /** Canonical. */
  readonly ip: string;
  readonly port: number;
}

/** Why no server may be at a canonical IP and port; undefined: one may. */
export type Judge = (ip: string, port: number) => Refusal | undefined;

/** `admins` are the sockets of the load balancers; nothing else may be served at these, nor at `listeners`. */
export function judgeOf({ networks, listeners }: NetworkRule, admins: readonly IpPort[] = []): Judge {
  const { ranges, ofLoopback } = parsedOf(networks);
  const own = new Set(admins.map(({ ip }) => judgedAs(ip).join()));
  const closed = new Set(admins.map(({ ip, port }) => `${judgedAs(ip).join()} ${port}`));
  const closedEverywhere = new Set<number>();
  for (const text of listeners) {
    const { ip, port } = listenerOf(text) ?? {};
    if (port === undefined) continue;
    if (ip === undefined) closedEverywhere.add(port);
    else closed.add(`${judgedAs(ip).join()} ${port}`);
  }
  const isClosed = (bytes: readonly number[], port: number, isLoopback: boolean): boolean => {
    if (closed.size === 0 && closedEverywhere.size === 0) return false;
    const key = bytes.join();
    if (closed.has(`${key} ${port}`)) return true;
    return closedEverywhere.has(port) && (isLoopback || own.has(key));
  };
  const neverAt = makeNeverAt();
  return (ip, port) => {
    const bytes = judgedAs(ip);
    for (const [refusal, range] of neverAt(bytes)) if (isIn(range, bytes)) return refusal;
    const isLoopback = isLoopbackIp(bytes);
    if (isClosed(bytes, port, isLoopback)) return 'listener';
    if (!isLoopback) return ranges.some((range) => isIn(range, bytes)) ? undefined : 'not-listed';
    return ofLoopback.some((range) => isIn(range, bytes)) ? undefined : 'loopback';
  };
}

interface Parsed {
  readonly ranges: readonly IpRange[];
  readonly ofLoopback: readonly IpRange[];
}

/** A configuration's networks are the same in every run of a process. */
const parsedNetworks = new WeakMap<readonly string[], Parsed>();

function parsedOf(networks: readonly string[]): Parsed {
  const known = parsedNetworks.get(networks);
  if (known) return known;
  const ranges = rangesOf(...networks);
  const ofLoopback = ranges.filter((range) => LOOPBACK.some((loopback) => isWithin(range, loopback)));
  const parsed = { ranges, ofLoopback };
  parsedNetworks.set(networks, parsed);
  return parsed;
}

/** Of `10.0.0.1:80`; without an IP of `*:80`; undefined for anything else. */
function listenerOf(text: string): { readonly ip?: string; readonly port: number } | undefined {
  const at = text.lastIndexOf(':');
  const port = parsePort(text.slice(at + 1));
  if (port === undefined) return undefined;
  const host = text.slice(0, at);
  return host === '*' ? { port } : { ip: host.replace(/^\[|\]$/g, ''), port };
}

/** Whether the port is one that `*:port` closes, so that somebody has to know where the load balancers are. */
export function isClosedEverywhere({ listeners }: Pick<NetworkRule, 'listeners'>, port: number): boolean {
  return listeners.includes(printHostPort('*', port));
}

const rangesOf = (...texts: readonly string[]): IpRange[] => texts.flatMap((text) => parseRange(text) ?? []);

/** In this order: what an instance can find out about a cloud is named as that, wherever it lies. */
const NEVER = (
  [
    ['metadata', rangesOf('169.254.169.254', '169.254.170.2', 'fd00:ec2::254', '100.100.100.200')],
    ['this-network', rangesOf('0.0.0.0/8', '::')],
    ['link-local', rangesOf('169.254.0.0/16', 'fe80::/10')],
    ['multicast', rangesOf('224.0.0.0/4', 'ff00::/8')],
    ['reserved', rangesOf('240.0.0.0/4')],
  ] satisfies [Refusal, IpRange[]][]
).flatMap(([refusal, ranges]) => ranges.map((range) => [refusal, range] as const));

/** Those that an address may be in, by its first byte: of most there is none, which spares each a look at all. */
function makeNeverAt(): (bytes: readonly number[]) => typeof NEVER {
  const byFirst = new Map<number, typeof NEVER>();
  return (bytes) => {
    if (bytes.length !== 4) return NEVER;
    const [first = 0] = bytes;
    const known = byFirst.get(first);
    if (known) return known;
    const near = NEVER.filter(([, range]) => range.bytes.length === 4 && hasFirstByte(range, first));
    byFirst.set(first, near);
    return near;
  };
}

const hasFirstByte = ({ bytes: [own = 0], bits }: IpRange, first: number): boolean =>
  (own ^ first) >> Math.max(0, 8 - bits) === 0;

/** IPv6 that stands for IPv4: NAT64 (RFC 6052, 2.1), 6to4 (RFC 3056, 2). `::ffff:0:0/96` is parsed as IPv4. */
const NAT64 = rangesOf('64:ff9b::/96');
const SIX_TO_FOUR = rangesOf('2002::/16');

function judgedAs(ip: string): readonly number[] {
  const bytes = bytesOf(ip);
  if (bytes.length === 4) return bytes;
  if (NAT64.some((range) => isIn(range, bytes))) return bytes.slice(12);
  return SIX_TO_FOUR.some((range) => isIn(range, bytes)) ? bytes.slice(2, 6) : bytes;
}
