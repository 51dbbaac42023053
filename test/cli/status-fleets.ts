// The two fleets of which `iri-lb status` is tested: one in which all is well, and one in trouble.
import type { SlotStatus } from '../../lib/model/status.js';
import { parseConfig } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { type StandInFleet, startStandInFleet } from './stand-in-fleet.js';

const pools = [
  { backend: 'web_back', service: 'iri', select: { pow: [null] }, ranges: [{ prefix: 'web' }] },
  { backend: 'pow_back', service: 'iri', select: { pow: ['only'] }, ranges: [{ prefix: 'pow' }] },
];
const config = parseConfig({ pools });
const LB_CONFIG = JSON.stringify({ pools });

/** `at` decides id, node and address. */
const node = (at: number, more: Parameters<typeof row>[0] = {}) =>
  row({ node: `frankfurt-${at}`, id: `node-${at}`, address: `10.0.0.${at}`, ...more });
const POW = { tags: ['haproxy.pow=only'] };

/** The first node, registered as `id`. */
export const hostile = (id: string): unknown => node(1, { id });

/** Six nodes on two load balancers, all of whom serve. */
export function startWellFleet(port: number): Promise<StandInFleet> {
  const rows = [...[1, 2, 3, 4, 5].map((at) => node(at)), node(6, POW)];
  return startStandInFleet({ config, lbConfig: LB_CONFIG, rows, count: 2, slots: 12, port });
}

/**
 * Three load balancers, of which the last is down. One node is DOWN on the first, one is in drain on the second,
 * one is critical, and two are new; one left while in drain.
 */
export async function startTroubledFleet(port: number): Promise<StandInFleet> {
  const rows = [1, 2, 3, 4, 5, 6, 7].map((at) => (at === 6 ? node(at, POW) : node(at)));
  const fleet = await startStandInFleet({
    ...{ config, lbConfig: LB_CONFIG, rows, count: 2, slots: 12, missing: 1, port },
  });
  fleet.slotOf(0, 'web_back', '10.0.0.2').server.status = 'DOWN';
  fleet.slotOf(1, 'web_back', '10.0.0.3').server.state = 'drain';
  for (const at of [0, 1]) {
    fleet.slotOf(at, 'web_back', '10.0.0.4').server.state = 'maintenance';
    fleet.slotOf(at, 'web_back', '10.0.0.7').server.state = 'drain';
    fleet.slotOf(at, 'web_back', '10.0.0.1').server.sessions = 3 + at;
  }
  fleet.rows = [
    ...[1, 2, 3].map((at) => node(at)),
    node(4, { status: 'critical' }),
    node(5),
    node(6, POW),
    ...[8, 9].map((at) => node(at)),
  ];
  return fleet;
}

/** Of a slot, what the tests look at. */
export const placeOf = ({ backend, slot, state }: SlotStatus): string => `${backend}/${slot} ${state}`;
