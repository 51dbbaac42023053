// Judges the backends of one HAProxy: ranges, room for the instances selected now, balance. Pure.
import type { Config, Pool, Range } from '../config/pools.js';
import { type DesiredServer, desiredServers } from '../plan/desired.js';
import { heldIn, statesIn } from '../plan/slot-states.js';
import { slotsOfRange } from '../plan/slots.js';
import type { CatalogView } from '../plan/view.js';
import type { BackendFacts, Facts, LoadBalancerFacts } from './facts.js';
import { error, errorFrom, type Finding, ok, warning } from './finding.js';

/** In use, of the slots of a range: from here on there is a warning. */
const NEARLY_FULL = 0.8;
const RENDER = 'iri-lb render haproxy shows how';

export function judgeBackends(config: Config, { name, found }: LoadBalancerFacts, facts: Facts): Finding[] {
  if ('error' in found) return [];
  return config.pools.flatMap((pool) => {
    const subject = `${name} ${pool.backend}`;
    const backend = found.backends.get(pool.backend);
    if (!backend) return [];
    if ('error' in backend)
      return [errorFrom('haproxy', subject, backend.error.replace(`haproxy ${name}: `, ''))];
    const desired = 'error' in facts.catalog ? [] : desiredOf(pool, backend, facts.catalog.view);
    return [
      ...(found.level === 'admin' ? [judgeBalance(subject, backend)] : []),
      ...pool.ranges.map((range) => judgeRange(subject, range, backend, desired)),
      ...judgeTransports(subject, pool, desired),
    ];
  });
}

function desiredOf(pool: Pool, { servers }: BackendFacts, catalog: CatalogView): readonly DesiredServer[] {
  const candidates = catalog.candidates.get(pool.backend) ?? [];
  return desiredServers(candidates, catalog.answers, statesIn(pool, servers, heldIn(pool, servers))).servers;
}

/** A run names these instances, too, and serves none of them. */
function judgeTransports(subject: string, { ranges }: Pool, desired: readonly DesiredServer[]): Finding[] {
  const known = new Set(ranges.map(({ transport }) => transport));
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
function judgeRange(
  subject: string,
  { prefix, transport }: Range,
  { servers }: BackendFacts,
  desired: readonly DesiredServer[],
): Finding {
  const slots = slotsOfRange(prefix, servers);
  const needed = desired.filter((server) => server.transport === transport).length;
  if (slots.length === 0) {
    const finding = `has no server-template ${prefix} (${transport})`;
    return needed > 0
      ? error('haproxy', subject, `${finding}, which ${needed} instances need`, `declare it (${RENDER})`)
      : warning('haproxy', subject, finding, `declare it (${RENDER}), or take the range out of LB_CONFIG`);
  }
  const secure = transport !== 'plain';
  if (slots.some(({ tls }) => tls !== undefined && tls !== secure)) {
    const finding = `${prefix} should be ${transport}, but HAProxy connects ${secure ? 'without' : 'with'} TLS`;
    return error('haproxy', subject, finding, `correct its server-template (${RENDER}), or LB_CONFIG`);
  }
  const text = `${prefix}: ${needed} of ${slots.length} slots needed`;
  const todo = 'declare more slots (pools.ranges.slots in LB_CONFIG, iri-lb render haproxy) and reload';
  if (needed > slots.length)
    return error('haproxy', subject, `${text}, so ${needed - slots.length} instances are left out`, todo);
  if (needed > slots.length * NEARLY_FULL)
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
