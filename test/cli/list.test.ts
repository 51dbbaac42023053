// What `iri-lb node list` says of a node's place: by where its address leads, in its service's pools.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { RegisteredNode } from '../../lib/cli/node-find.js';
import { listNodes, nodeTable } from '../../lib/cli/node-list.js';
import { configSchema } from '../../lib/config/pools.js';
import type { SlotStatus, Status } from '../../lib/model/status.js';
import { slotStatus, statusOfFleet } from '../run/status-values.js';

const pool = (backend: string, service: string) => ({
  ...{ backend, service },
  ranges: [{ prefix: 's', slots: 9 }],
});
const config = v.parse(configSchema, { pools: [pool('iri_back', 'iri'), pool('web_back', 'web')] });

function nodeAt(id: string, address: string, service = 'iri'): RegisteredNode {
  const said = { health: 'passing', nodeIsDead: false, hasOwnCheck: true, kind: '' } as const;
  const rest = { ...said, tags: [], meta: {}, weights: { passing: 1, warning: 1 } };
  return { node: 'n', id, address, port: 14265, service, hostPort: `${address}:14265`, ...rest };
}

function slotAt(backend: string, slot: string, address: string, instance: string | null): SlotStatus {
  return slotStatus({ backend, slot, instance, address, port: 14265 });
}

function statusWith(slots: readonly SlotStatus[], names: Status['consul']['names'] = {}): Status {
  const status = statusOfFleet({ lb: slots });
  return { ...status, consul: { ...status.consul, names } };
}

/** By id: the slots it has on the one load balancer. */
function placesOf(nodes: readonly RegisteredNode[], status: Status): Readonly<Record<string, string[]>> {
  return Object.fromEntries(
    listNodes(nodes, config, status).map(({ id, haproxy }) => [
      id,
      (haproxy.lb ?? []).map(({ backend, slot }) => `${backend}/${slot}`),
    ]),
  );
}

describe('the place of a node in a load balancer', () => {
  it('is that of its address for all who share a host name, or reach it by name and by number', () => {
    const nodes = [nodeAt('a', 'host.test'), nodeAt('b', 'host.test'), nodeAt('c', '10.0.0.5')];
    const names = { 'host.test': ['10.0.0.4', '10.0.0.5'] };
    const status = statusWith([slotAt('iri_back', 's1', '10.0.0.5', 'n/a')], names);
    expect(placesOf(nodes, status)).toEqual({ a: ['iri_back/s1'], b: ['iri_back/s1'], c: ['iri_back/s1'] });
  });

  it('is in the pools of its own service only', () => {
    const nodes = [nodeAt('a', '10.0.0.5'), nodeAt('w', '10.0.0.5', 'web')];
    const slots = [slotAt('iri_back', 's1', '10.0.0.5', 'n/a'), slotAt('web_back', 's2', '10.0.0.5', 'n/w')];
    expect(placesOf(nodes, statusWith(slots))).toEqual({ a: ['iri_back/s1'], w: ['web_back/s2'] });
  });

  it('is not said to be nowhere while its host name does not resolve', () => {
    const nodes = [nodeAt('a', 'host.test'), nodeAt('b', '10.0.0.9')];
    const [named = '', numbered = ''] = nodeTable(listNodes(nodes, config, statusWith([])))
      .split('\n')
      .filter((line) => line.includes('14265'));
    expect(named).toContain('address unusable, or not resolved');
    expect(numbered).toContain('no slot');
  });
});
