// Judges what only shows across load balancers: the same one named twice, other slots, how they were found. Pure.
import type { Config } from '../config/pools.js';
import { placementOf } from '../plan/placement-of.js';
import type { Facts, LoadBalancerFacts } from './facts.js';
import { errorFrom, type Finding, problemFinding, warning } from './finding.js';
import { counted } from './names.js';

export function judgeFleet(config: Config, facts: Facts): Finding[] {
  const { discoveryFailure, discoveryProblems, loadBalancers } = facts;
  const lookup = 'HAPROXY_ADDRESSES';
  return [
    ...(discoveryFailure === undefined ? [] : [errorFrom('haproxy', lookup, discoveryFailure)]),
    ...discoveryProblems.map((problem) => problemFinding('haproxy', lookup, problem)),
    ...loadBalancers.flatMap(judgeTwin),
    ...judgeLayouts(config, loadBalancers),
  ];
}

function judgeTwin({ name, sameAs, found }: LoadBalancerFacts): Finding[] {
  if (sameAs === undefined || 'failure' in found) return [];
  const { pid, node } = found.process;
  const finding = `is the same process as ${sameAs} (pid ${pid}${node ? ` on ${node}` : ''})`;
  return [warning('haproxy', name, finding, 'name each load balancer once in HAPROXY_ADDRESSES')];
}

/** `10.0.0.1:80` to the slot that is ready there. */
type Layout = ReadonlyMap<string, string>;

/** Compared with the first that has the backend: everybody is to be in the same slot everywhere. */
function judgeLayouts({ pools }: Config, loadBalancers: Facts['loadBalancers']): Finding[] {
  return pools.flatMap((pool) => {
    const layouts = loadBalancers.flatMap(({ name, found, sameAs }) => {
      const backend = 'failure' in found ? undefined : found.backends.get(pool.backend);
      if (!backend || 'failure' in backend || sameAs !== undefined) return [];
      const layout = new Map<string, string>();
      for (const { places } of placementOf(pool).groupsOf(pool, backend.servers))
        for (const { server, hostPort } of places)
          if (hostPort !== undefined && server.state === 'ready') layout.set(hostPort, server.slot);
      return [{ name, layout }];
    });
    const [first, ...others] = layouts;
    if (!first) return [];
    return others.flatMap(({ name, layout }) => judgeLayout(`${name} ${pool.backend}`, layout, first));
  });
}

function judgeLayout(
  subject: string,
  layout: Layout,
  first: { readonly name: string; readonly layout: Layout },
): Finding[] {
  const moved = [...layout].filter(([hostPort, slot]) => {
    const there = first.layout.get(hostPort);
    return there !== undefined && there !== slot;
  });
  const [example] = moved;
  if (!example) return [];
  const [hostPort, slot] = example;
  const finding = `${counted(moved.length, 'server')} in another slot than on ${first.name} (${hostPort} in ${slot}, there in ${first.layout.get(hostPort)})`;
  const todo =
    'what goes by slots differs (hashes by id, stick tables of peers, cookies): use "srvkey addr" and dynamic cookies, or let one of the two start empty';
  return [warning('haproxy', subject, finding, todo)];
}
