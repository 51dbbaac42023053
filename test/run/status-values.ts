// Makes values of the status model, for tests of what is made of it.
import { paintFor } from '../../lib/cli/screen.js';
import type { StatusView } from '../../lib/cli/status-text.js';
import type { Attention, InstanceStatus, PoolStatus, SlotStatus, Status } from '../../lib/model/status.js';

/** A server that is ready and up for n1/a at 10.0.0.1:14265, unless told otherwise. */
export const slotStatus = (fields: Partial<SlotStatus> = {}): SlotStatus => ({
  backend: 'b',
  slot: 's1',
  instance: 'n1/a',
  address: '10.0.0.1',
  port: 14265,
  weight: 1,
  maxconn: 0,
  state: 'ready',
  sessions: 0,
  status: 'UP',
  since: { seconds: 240, source: 'haproxy' },
  check: null,
  running: 0,
  queued: 0,
  rate: 0,
  errors: { connect: 0, response: 0, retries: 0 },
  ...fields,
});

export const poolStatus = (fields: Partial<PoolStatus> = {}): PoolStatus => ({
  backend: 'b',
  service: 'iri',
  slots: 10,
  free: 9,
  ready: 1,
  serving: 1,
  maintenance: 9,
  held: 0,
  unplaced: [],
  unserved: false,
  heldForNobody: [],
  ...fields,
});

export const instanceStatus = (fields: Partial<InstanceStatus> = {}): InstanceStatus => ({
  instance: 'n1/a',
  service: 'iri',
  health: 'passing',
  address: '10.0.0.1:14265',
  leadsTo: ['10.0.0.1:14265'],
  backends: ['b'],
  ...fields,
});

export const attention = (fields: Partial<Attention> = {}): Attention => ({
  level: 'look',
  code: 'held-for-nobody',
  text: 'b/s1 is held in drain for nobody',
  next: '',
  loadBalancers: [],
  ...fields,
});

/** A fleet in which all is well, of load balancers with these slots; nothing is pending. */
export function statusOfFleet(
  slots: Readonly<Record<string, readonly SlotStatus[]>>,
  more: Partial<Status> = {},
): Status {
  return {
    version: 1,
    takenAt: '2026-11-28T03:12:07.000Z',
    lookedBy: { version: '1.0.0', commit: '', config: '0123456789ab' },
    lastRun: null,
    pending: { count: 0, changes: [], unknownOn: [] },
    attention: [],
    consul: { index: '42', instances: 1, names: {} },
    instances: [instanceStatus()],
    loadBalancers: Object.entries(slots).map(([address, held]) => ({
      address,
      state: 'read',
      version: '3.0.11',
      uptimeSeconds: 7200,
      slots: held,
      pools: [poolStatus()],
    })),
    differences: [],
    ...more,
  };
}

/** As a pipe is shown it: without colours, and nothing cut. */
export const plainView = (fields: Partial<StatusView> = {}): StatusView => ({
  columns: undefined,
  paint: paintFor({ env: {} }),
  all: false,
  wide: false,
  zone: { utc: true },
  ...fields,
});
