// Judges whether the slots of each range are there, and enough for whom Consul has healthy. Pure.
import { isHealthy } from '../model/instance.js';
import type { DesiredServer } from '../plan/desired.js';
import type { Place, PlaceGroup } from '../plan/placement.js';
import { placementOf } from '../plan/placement-of.js';
import type { PoolHere } from './desired.js';
import type { BackendFacts } from './facts.js';
import { error, type Finding, ok, warning } from './finding.js';
import { counted, someOf } from './names.js';

/** In use, of the slots of a range: from here on there is a warning. */
const NEARLY_FULL = 0.8;
const RENDER = 'iri-lb render haproxy shows how';
const MORE = 'declare more slots (pools.ranges.slots in LB_CONFIG, iri-lb render haproxy) and reload';

export function judgeRoom(subject: string, { servers }: BackendFacts, here: PoolHere): Finding[] {
  const inRanges = new Set(here.groups.flatMap(({ places }) => places.map(({ server }) => server)));
  const others = servers.filter((server) => !inRanges.has(server)).map(({ slot }) => slot);
  return here.groups.flatMap((group) => judgeGroup(subject, group, others, here));
}

/** Verified and unverified TLS look the same from outside: the listing says only whether there is TLS. */
function judgeGroup(
  subject: string,
  group: PlaceGroup,
  others: readonly string[],
  here: PoolHere,
): Finding[] {
  const { name: prefix, transport, places } = group;
  const wanted = here.servers?.filter((server) => server.transport === transport) ?? [];
  const obstacle = placementOf(here.pool).obstacleTo(group);
  if (obstacle?.code === 'range-undeclared')
    return [judgeUndeclared(subject, prefix, transport, wanted.length, others)];
  if (obstacle?.code === 'range-transport') {
    const finding = `${prefix} should be ${transport}, but HAProxy connects ${obstacle.tls ? 'with' : 'without'} TLS`;
    return [error('haproxy', subject, finding, `correct its server-template (${RENDER}), or LB_CONFIG`)];
  }
  if (here.servers === undefined) return [ok('haproxy', subject, `${prefix}: ${places.length} slots`)];
  const held = heldIn(group, wanted, here);
  return [judgeCount(subject, group, wanted, held, here), ...judgeHeld(subject, group, held)];
}

function judgeUndeclared(
  subject: string,
  prefix: string,
  transport: string,
  needed: number,
  others: readonly string[],
): Finding {
  const alike = others.filter((slot) => slot.startsWith(prefix));
  const there =
    alike.length > 0 ? `; ${someOf(alike)} are no slots of it, which would be ${prefix}1, ${prefix}2, …` : '';
  const finding = `has no server-template ${prefix} (${transport})`;
  return needed > 0
    ? error(
        'haproxy',
        subject,
        `${finding}, which ${needed} instances need${there}`,
        `declare it (${RENDER})`,
      )
    : warning(
        'haproxy',
        subject,
        `${finding}${there}`,
        `declare it (${RENDER}), or take the range out of LB_CONFIG`,
      );
}

/** Places that a healthy newcomer does not get, or gets last. */
interface Held {
  /** In drain by the operator, where nobody in Consul is: such a slot is free to nobody. */
  readonly forNobody: readonly Place[];
  /** In drain, of one who would not be served anyway. */
  readonly drained: readonly Place[];
  /** In maintenance, of one who is critical or in maintenance: it comes back to this slot, if nobody needs it more. */
  readonly forDead: readonly Place[];
}

function heldIn({ places }: PlaceGroup, wanted: readonly DesiredServer[], { labels }: PoolHere): Held {
  const byHostPort = new Map(wanted.map((server) => [server.hostPort, server]));
  const isAt = ({ hostPort }: Place, healthy: boolean): boolean => {
    const server = byHostPort.get(hostPort ?? '');
    return server !== undefined && isHealthy(server.health) === healthy;
  };
  const drained = places.filter(({ server }) => server.state === 'drain');
  const isNobodys = ({ hostPort = '' }: Place): boolean => labels !== undefined && !labels.has(hostPort);
  // HAProxy's own word for a drain where an agent-check is at work.
  const isAgents = ({ server }: Place): boolean => server.status.includes('agent');
  return {
    forNobody: drained.filter((place) => isNobodys(place) && !isAgents(place)),
    drained: drained.filter((place) => !isNobodys(place) && !isAt(place, true)),
    forDead: places.filter((place) => place.server.state === 'maintenance' && isAt(place, false)),
  };
}

function judgeCount(
  subject: string,
  { name: prefix, transport, places }: PlaceGroup,
  wanted: readonly DesiredServer[],
  { forNobody, drained, forDead }: Held,
  { unresolved }: PoolHere,
): Finding {
  const healthy = wanted.filter(({ health }) => isHealthy(health)).length;
  const needed = healthy + unresolved.filter((one) => one.healthy && one.transport === transport).length;
  const room = places.length - forNobody.length - drained.length;
  const slots = (held: readonly Place[]): string => someOf(held.map(({ server }) => server.slot));
  const notes = [
    forNobody.length > 0 && `${forNobody.length} held for nobody (${slots(forNobody)})`,
    drained.length > 0 && `${drained.length} in drain of who is not healthy (${slots(drained)})`,
    forDead.length > 0 && `${forDead.length} kept for the dead as long as there is room (${slots(forDead)})`,
  ].filter((note) => note !== false);
  const text = [`${prefix}: ${needed} of ${places.length} slots needed`, ...notes].join(', ');
  const missing = needed - room;
  if (missing > 0) return error('haproxy', subject, `${text}, so ${missing} instances are left out`, MORE);
  if (places.length === 1 && wanted.length > 0) {
    const finding = `${text}: whoever takes over the only slot leaves a gap in which nobody serves`;
    return warning('haproxy', subject, finding, MORE);
  }
  if (needed > room * NEARLY_FULL)
    return warning('haproxy', subject, `${text}, more than ${NEARLY_FULL * 100} %`, MORE);
  return ok('haproxy', subject, text);
}

function judgeHeld(subject: string, { backend, name: prefix }: PlaceGroup, { forNobody }: Held): Finding[] {
  if (forNobody.length === 0) return [];
  const slots = forNobody.map(({ server }) => server.slot);
  const finding = `${prefix}: ${counted(slots.length, 'slot')} in drain (${someOf(slots)}), where nobody in Consul is any more`;
  const todo = `free it: set server ${backend}/${slots[0]} state maint`;
  return [warning('haproxy', subject, finding, todo)];
}
