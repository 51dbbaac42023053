// Judges the backends of one HAProxy: what is declared, room, balance, and whether anybody is served. Pure.
import type { Config } from '../config/pools.js';
import { judgeDeclared } from './declared.js';
import { desiredIn, type PoolHere } from './desired.js';
import type { BackendFacts, Facts, HAProxyFacts, LoadBalancerFacts } from './facts.js';
import { error, errorFrom, type Finding, ok, warning } from './finding.js';
import { judgeReuse } from './reuse.js';
import { judgeRoom } from './room.js';
import { judgeServing } from './serving.js';

export function judgeBackends(config: Config, { name, found }: LoadBalancerFacts, facts: Facts): Finding[] {
  if ('failure' in found) return [];
  return config.pools.flatMap((pool) => {
    const subject = `${name} ${pool.backend}`;
    const backend = found.backends.get(pool.backend);
    if (!backend) return [];
    const namesakes = judgeNamesake(subject, pool.backend, found);
    if ('failure' in backend) return [...namesakes, errorFrom('haproxy', subject, backend.failure)];
    const here = desiredIn(pool, backend.servers, facts);
    return [
      ...namesakes,
      ...(found.level === 'admin' ? [judgeBalance(subject, backend)] : []),
      ...judgeRoom(subject, backend, here),
      ...judgeTransports(subject, here),
      ...judgeDeclared(subject, backend, here, found),
      ...judgeServing(subject, backend, here),
      ...judgeReuse(subject, backend, here, found.process.version),
    ];
  });
}

/** Both halves of a `listen` section are one proxy, with one id. HAProxy 3.3 and later refuse what is found here. */
function judgeNamesake(subject: string, backend: string, { proxies }: HAProxyFacts): Finding[] {
  const named = proxies.filter(({ name }) => name === backend);
  if (new Set(named.map(({ id }) => id)).size < 2) return [];
  const finding =
    'a frontend has the same name, and HAProxy answers for either when it is asked by that name';
  return [warning('haproxy', subject, finding, 'rename one of the two: HAProxy 3.3 and later refuse it')];
}

/** A run names these instances, too, and serves none of them. */
function judgeTransports(subject: string, { groups, servers = [] }: PoolHere): Finding[] {
  const known = new Set(groups.map(({ transport }) => transport));
  const without = servers.filter(({ transport }) => !known.has(transport));
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

const DYNAMIC = 'use leastconn, roundrobin, or add "hash-type consistent"';

function judgeBalance(subject: string, { servers, balance, proxy }: BackendFacts): Finding {
  if (balance === 'static')
    return error('haproxy', subject, 'its balance is static and refuses weights', DYNAMIC);
  if (balance === 'dynamic') return ok('haproxy', subject, 'its balance takes weights');
  if (balance === 'hidden') {
    const finding = `balance ${proxy.algorithm} takes weights with "hash-type consistent", which shows once one is set`;
    return ok('haproxy', subject, finding);
  }
  const why = servers.length === 0 ? 'it has no servers' : 'HAProxy before 2.6 does not say';
  return warning('haproxy', subject, `whether its balance takes weights is unknown: ${why}`, DYNAMIC);
}
