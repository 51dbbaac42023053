// Where the rendered HAProxy listens, and that no two of its sockets share an address. Pure.
import type { SettingProblem } from '../../model/errors.js';
import type { FrontendSettings } from '../settings.js';

interface Listener {
  readonly path: string;
  /** `address:port`, or a socket's path. */
  readonly address: string;
}

/**
 * HAProxy starts without a word when two sockets share an address: the kernel shares out the connections,
 * so that a client of the API meets the admin socket now and then, or the admin socket loses its lock.
 */
export function listenerProblems(settings: FrontendSettings): SettingProblem[] {
  const all = listeners(settings);
  const { admin, gateway } = settings;
  const unread: SettingProblem[] =
    gateway?.readBind && admin.read === null
      ? [
          {
            path: 'LB_CONFIG.haproxy.gateway.readBind',
            message: 'needs haproxy.admin.read, which is null; name a socket there, or set this to null',
          },
        ]
      : [];
  const taken = all.flatMap(({ path, address }, index) => {
    const other = all.slice(0, index).find((before) => overlap(before.address, address));
    if (!other) return [];
    return [{ path, message: `${address} is taken by ${other.path} (${other.address}); use another` }];
  });
  return [...unread, ...taken];
}

function listeners({ frontend, admin, stats, peers, gateway }: FrontendSettings): Listener[] {
  const local = peers?.members.find(({ name }) => name === peers.local);
  const found: [string, string | null | undefined][] = [
    ['frontend.bind', frontend.bind],
    ['admin.bind', admin.bind],
    ['admin.unix', admin.unix],
    ['admin.read', admin.read],
    ['stats.bind', stats ? stats.bind : null],
    ['peers.members', local?.address],
    ['gateway.bind', gateway?.bind],
    ['gateway.readBind', gateway?.readBind],
  ];
  return found.flatMap(([path, address]) =>
    address ? [{ path: `LB_CONFIG.haproxy.${path}`, address }] : [],
  );
}

const EVERY_ADDRESS = new Set(['0.0.0.0', '[::]', '*', '']);

function overlap(one: string, other: string): boolean {
  if (one.startsWith('/') || other.startsWith('/')) return one === other;
  const [a, b] = [split(one), split(other)];
  if (a.port !== b.port) return false;
  return a.host === b.host || EVERY_ADDRESS.has(a.host) || EVERY_ADDRESS.has(b.host);
}

function split(address: string): { host: string; port: string } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: address.slice(at + 1) };
}
