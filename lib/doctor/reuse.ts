// Judges whether a slot's new owner would get requests over connections to its last one. Pure.
import { keepsConnections } from '../haproxy/idle.js';
import type { PoolHere } from './desired.js';
import type { BackendFacts } from './facts.js';
import { type Finding, warning } from './finding.js';

const UPDATE = 'update HAProxy to 2.6.22, 2.8.15, 3.0.10, 3.2 or later';
const CLOSE =
  'else set "option http-server-close" (with HTTP/2 to servers "option httpclose") or "max-session-srv-conns 0"';

export function judgeReuse(
  subject: string,
  { declared, proxy }: BackendFacts,
  { groups }: PoolHere,
  version: string,
): Finding[] {
  if (proxy.mode !== 'http' || !keepsConnections(version)) return [];
  const slots = groups.flatMap(({ places }) =>
    places.flatMap(({ server }) => declared.get(server.slot) ?? []),
  );
  if (!slots.some(({ reused }) => reused > 0)) return [];
  const finding = `HAProxy ${version} may go on sending requests over connections to a slot's last owner`;
  // With `http-reuse never` a connection belongs to its client, and none waits for others.
  if (slots.some(({ idle }) => idle > 0)) {
    const helped = `${finding}; runs wait, before they give a slot away, until its requests are over`;
    return [warning('haproxy', subject, helped, `${UPDATE}; ${CLOSE}`)];
  }
  const open = `${finding}; with "http-reuse never" no run can help it, otherwise runs wait until its requests are over`;
  return [warning('haproxy', subject, open, `${UPDATE}; ${CLOSE}`)];
}
