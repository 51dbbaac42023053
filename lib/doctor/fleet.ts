// Judges what only shows across load balancers: the same one named twice, other slots, how they were found. Pure.
import type { Config } from '../config/pools.js';
import type { SlotState } from '../model/server.js';
import { placementOf } from '../plan/placement-of.js';
import type { Facts, LoadBalancerFacts } from './facts.js';
import { errorFrom, type Finding, problemFinding, warning } from './finding.js';
import { counted, someOf } from './names.js';

export function judgeFleet(config: Config, facts: Facts): Finding[] {
  const { discoveryFailure, discoveryProblems, loadBalancers } = facts;
  const lookup = 'HAPROXY_ADDRESSES';
  return [
    ...(discoveryFailure === undefined ? [] : [errorFrom('haproxy', lookup, discoveryFailure)]),
    ...discoveryProblems.map((problem) => problemFinding('haproxy', lookup, problem)),
    ...loadBalancers.flatMap(judgeTwin),
    ...judgeLayouts(config, loadBalancers),
    ...judgeDrains(config, loadBalancers),
    ...judgeReady(config, facts),
  ];
}

function judgeTwin({ name, sameAs, found }: LoadBalancerFacts): Finding[] {
  if (sameAs === undefined || 'failure' in found) return [];
  const { pid, node } = found.process;
  const finding = `is the same process as ${sameAs} (pid ${pid}${node ? ` on ${node}` : ''})`;
  return [warning('haproxy', name, finding, 'name each load balancer once in HAPROXY_ADDRESSES')];
}

/** `10.0.0.1:80` to the slot that is there, in this state. */
type Layout = ReadonlyMap<string, string>;

interface Placed {
  readonly name: string;
  readonly layout: Layout;
}

/** By pool: each load balancer that has the backend, but for one that is named twice. */
function layoutsOf(
  { pools }: Config,
  loadBalancers: Facts['loadBalancers'],
  state: SlotState,
): { readonly backend: string; readonly placed: readonly Placed[] }[] {
  return pools.map((pool) => ({
    backend: pool.backend,
    placed: loadBalancers.flatMap(({ name, found, sameAs }) => {
      const backend = 'failure' in found ? undefined : found.backends.get(pool.backend);
      if (!backend || 'failure' in backend || sameAs !== undefined) return [];
      const layout = new Map<string, string>();
      for (const { places } of placementOf(pool).groupsOf(pool, backend.servers))
        for (const { server, hostPort } of places)
          if (hostPort !== undefined && server.state === state) layout.set(hostPort, server.slot);
      return [{ name, layout }];
    }),
  }));
}

/** Compared with the first that has the backend: everybody is to be in the same slot everywhere. */
function judgeLayouts(config: Config, loadBalancers: Facts['loadBalancers']): Finding[] {
  return layoutsOf(config, loadBalancers, 'ready').flatMap(({ backend, placed: [first, ...others] }) =>
    first ? others.flatMap(({ name, layout }) => judgeLayout(`${name} ${backend}`, layout, first)) : [],
  );
}

/** In drain here, and ready elsewhere: an operator's word is one for the fleet. */
function judgeDrains(config: Config, loadBalancers: Facts['loadBalancers']): Finding[] {
  const ready = layoutsOf(config, loadBalancers, 'ready');
  return layoutsOf(config, loadBalancers, 'drain').flatMap(({ backend, placed }, at) =>
    placed.flatMap(({ name, layout }) =>
      [...layout.keys()].flatMap((hostPort) => {
        const elsewhere = (ready[at]?.placed ?? []).filter((other) => other.layout.has(hostPort));
        if (elsewhere.length === 0) return [];
        const finding = `${hostPort} is in drain (${layout.get(hostPort)}), and ready on ${someOf(elsewhere.map((other) => other.name))}`;
        const todo = 'drain it everywhere (iri-lb drain), or let it serve again (iri-lb undrain)';
        return [warning('fleet', `${name} ${backend}`, finding, todo)];
      }),
    ),
  );
}

/** Where Consul cannot be read, nothing but the others says who should be ready. */
function judgeReady(config: Config, { catalog, loadBalancers }: Facts): Finding[] {
  if (!('failure' in catalog)) return [];
  return layoutsOf(config, loadBalancers, 'ready').flatMap(({ backend, placed }) => {
    const all = new Set(placed.flatMap(({ layout }) => [...layout.keys()]));
    return placed.flatMap(({ name, layout }) => {
      const missing = [...all].filter((hostPort) => !layout.has(hostPort));
      if (missing.length === 0) return [];
      const finding = `${counted(missing.length, 'server')} (${someOf(missing)}) ready elsewhere and not here`;
      return [
        warning('fleet', `${name} ${backend}`, finding, 'the first run that reads Consul makes them equal'),
      ];
    });
  });
}

function judgeLayout(subject: string, layout: Layout, first: Placed): Finding[] {
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
