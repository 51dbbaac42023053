// Where the load balancers of a rendered configuration listen: no instance may be there. Pure.
import { isLoopback } from '../../lib/model/loopback.js';
import type { RenderConfig } from '../../lib/render/config.js';

/**
 * As `listeners` of LB_CONFIG takes them: `127.0.0.1:9292`, and `*:14267` for what is on an address of its own. Each
 * load balancer has another one, and the functions have one configuration for all; `*` is loopback and every address
 * of theirs.
 */
export function listenersOf({ haproxy }: Pick<RenderConfig, 'haproxy'>): string[] {
  const { frontend, admin, stats, peers, gateway } = haproxy;
  const bound = [
    frontend.bind,
    admin.bind,
    admin.read,
    stats ? stats.bind : undefined,
    ...(peers?.members ?? []).map(({ address }) => address),
    gateway?.bind,
    gateway?.readBind,
  ];
  return [...new Set(bound.flatMap((text) => (text ? listenerOf(text) : [])))].sort();
}

function listenerOf(bind: string): string[] {
  if (bind.startsWith('/')) return [];
  const at = bind.lastIndexOf(':');
  const host = bind.slice(0, at).replace(/^\[|\]$/g, '');
  return [isLoopback(host) ? bind : `*${bind.slice(at)}`];
}
