// Judges the backends of one HAProxy: ranges, room for the instances selected now, balance. Pure.
import type { Config, Pool } from '../config/pools.js';
import { type DesiredServer, desiredServers } from '../plan/desired.js';
import type { PlaceGroup } from '../plan/placement.js';
import { placementOf } from '../plan/placement-of.js';
import { drainedIn, statesIn } from '../plan/states.js';
import type { BackendFacts, Facts, LoadBalancerFacts } from './facts.js';
import { error, errorFrom, type Finding, ok, warning } from './finding.js';

/** In use, of the slots of a range: from here on there is a warning. */
const NEARLY_FULL = 0.8;
const RENDER = 'iri-lb render haproxy shows how';

export function judgeBackends(config: Config, { name, found }: LoadBalancerFacts, facts: Facts): Finding[] {
  if ('failure' in found) return [];
  return config.pools.flatMap((pool) => {
    const subject = `${name} ${pool.backend}`;
    const backend = found.backends.get(pool.backend);
    if (!backend) return [];
    if ('failure' in backend) return [errorFrom('haproxy', subject, backend.failure)];
    const groups = placementOf(pool).groupsOf(pool, backend.servers);
    const desired = desiredOf(pool, groups, facts);
    return [
      ...(found.level === 'admin' ? [judgeBalance(subject, backend)] : []),
      ...groups.map((group) => judgeGroup(subject, pool, group, desired)),
      ...judgeTransports(subject, groups, desired),
    ];
  });
}

function desiredOf(
  { backend }: Pool,
  groups: readonly PlaceGroup[],
  { catalog }: Facts,
): readonly DesiredServer[] {
  if ('failure' in catalog) return [];
  const selected = catalog.view.selected.get(backend) ?? [];
  return desiredServers(selected, statesIn(groups, drainedIn(groups))).servers;
}

/** A run names these instances, too, and serves none of them. */
function judgeTransports(
  subject: string,
  groups: readonly PlaceGroup[],
  desired: readonly DesiredServer[],
): Finding[] {
  const known = new Set(groups.map(({ transport }) => transport));
  const without = desired.filter(({ transport }) => !known.has(transport));
  return [...new Set(without.map(({ transport }) => transport))].map((transport) => {
    const labels = without.filter((server) => server.transport === transport).map(({ label }) => label);
    const finding = `has no ${transport} range in LB_CONFIG, which ${labels.length} instances need (${labels[0]}, …)`;
    return error(
      'haproxy',
      subject,
      finding,
      'add the range to LB_CONFIG, or correct the tags of these instances',
    );
  });
}

/** Verified and unverified TLS look the same from outside: the listing says only whether there is TLS. */
function judgeGroup(
  subject: string,
  pool: Pool,
  group: PlaceGroup,
  desired: readonly DesiredServer[],
): Finding {
  const { name: prefix, transport, places } = group;
  const needed = desired.filter((server) => server.transport === transport).length;
  const obstacle = placementOf(pool).obstacleTo(group);
  if (obstacle?.code === 'range-undeclared') {
    const finding = `has no server-template ${prefix} (${transport})`;
    return needed > 0
      ? error('haproxy', subject, `${finding}, which ${needed} instances need`, `declare it (${RENDER})`)
      : warning('haproxy', subject, finding, `declare it (${RENDER}), or take the range out of LB_CONFIG`);
  }
  if (obstacle?.code === 'range-transport') {
    const finding = `${prefix} should be ${transport}, but HAProxy connects ${obstacle.tls ? 'with' : 'without'} TLS`;
    return error('haproxy', subject, finding, `correct its server-template (${RENDER}), or LB_CONFIG`);
  }
  const text = `${prefix}: ${needed} of ${places.length} slots needed`;
  const todo = 'declare more slots (pools.ranges.slots in LB_CONFIG, iri-lb render haproxy) and reload';
  const missing = needed - places.length;
  if (missing > 0) return error('haproxy', subject, `${text}, so ${missing} instances are left out`, todo);
  if (needed > places.length * NEARLY_FULL)
    return warning('haproxy', subject, `${text}, more than ${NEARLY_FULL * 100} %`, todo);
  return ok('haproxy', subject, text);
}

function judgeBalance(subject: string, { servers, balance }: BackendFacts): Finding {
  const todo = 'use leastconn, roundrobin, or add "hash-type consistent"';
  if (balance === 'static')
    return error('haproxy', subject, 'its balance is static and refuses weights', todo);
  if (balance === 'dynamic') return ok('haproxy', subject, 'its balance takes weights');
  const why = servers.length === 0 ? 'it has no servers' : 'HAProxy before 2.6 does not say';
  return warning('haproxy', subject, `whether its balance takes weights is unknown: ${why}`, todo);
}
