// Reports and looks with only what a test is about.
import type { MadeChange } from '../../../lib/model/change.js';
import type { LoadBalancerReport, Report } from '../../../lib/model/report.js';
import type { ObservedServer, ServerDetail, ServerSettings } from '../../../lib/model/server.js';
import type { LookFacts } from '../../../lib/run/history/find-events.js';

export const LB = 'tcp://lb1:9000';

export const settings = (over: Partial<ServerSettings> = {}): ServerSettings => ({
  address: '10.0.0.1',
  port: 14265,
  weight: 1,
  maxconn: 0,
  state: 'ready',
  ...over,
});

/** An instance that was claimed a slot. */
export const changed = (slot: string, over: Partial<MadeChange> = {}): MadeChange => ({
  backend: 'iri_back',
  slot,
  instance: 'n1/iri-1',
  action: 'add',
  before: settings({ address: null, port: 0, state: 'maintenance' }),
  after: settings(),
  reason: 'passing in Consul',
  result: 'done',
  ...over,
});

/** Slots of `iri_back` that are in drain, with whoever is there. */
export const held = (slots: Readonly<Record<string, string | null>>): LoadBalancerReport['pools'] => [
  {
    backend: 'iri_back',
    slots: 4,
    free: 0,
    ranges: [],
    ready: 4,
    serving: 4,
    maintenance: 0,
    held: Object.keys(slots).length,
    heldSlots: Object.entries(slots).map(([slot, instance]) => ({ slot, instance })),
    unplaced: [],
  },
];

/** Of one load balancer. */
export const report = (
  balancer: Partial<LoadBalancerReport>,
  consul: Partial<Report['consul']> = {},
): Report => ({
  version: 1,
  consul: { index: '42', instances: 1, warnings: [], ...consul },
  problems: [],
  loadBalancers: [
    {
      address: LB,
      outcome: 'unchanged',
      changes: [],
      pools: held({}),
      warnings: [],
      problems: [],
      ...balancer,
    },
  ],
  durationMs: 5,
});

export const server = (slot: string, over: Partial<ObservedServer> = {}): ObservedServer => ({
  slot,
  ...settings(),
  sessions: 0,
  status: 'UP',
  tls: false,
  ...over,
});

export interface Seen {
  readonly atMs: number;
  readonly servers: readonly ObservedServer[];
  readonly pid?: number;
  /** Seconds since the epoch. */
  readonly startedAt?: number;
  readonly details?: Readonly<Record<string, Partial<ServerDetail>>>;
  readonly held?: Readonly<Record<string, string | null>>;
}

/** Of one load balancer that has `iri_back` alone. */
export const look = ({
  atMs,
  servers,
  pid = 7,
  startedAt = 1_000,
  details,
  held: slots = {},
}: Seen): LookFacts => ({
  takenAtMs: atMs,
  catalogView: {
    view: { labels: new Map([['iri', new Map([['10.0.0.1:14265', 'n1/iri-1']])]]) },
  },
  loadBalancers: [
    {
      address: LB,
      observed: {
        process: { version: '3.0.1', pid, uptimeSeconds: 1, startedAt, node: 'lb1', stopping: false },
        backends: new Map([['iri_back', servers]]),
        ...(details
          ? {
              details: new Map([['iri_back', new Map(Object.entries(details) as [string, ServerDetail][])]]),
            }
          : {}),
      },
      report: { pools: held(slots) },
    },
  ],
});
