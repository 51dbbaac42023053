// Builds what a plan is made on, in a line each: instances, servers, a view and what HAProxy holds.
import * as v from 'valibot';
import { type Config, configSchema } from '../../lib/config/pools.js';
import type { Change } from '../../lib/model/change.js';
import type { ServiceInstance } from '../../lib/model/instance.js';
import type { Observed, ObservedServer } from '../../lib/model/server.js';
import type { Absence, Catalog } from '../../lib/model/source.js';
import { locateCatalog, type View, viewOf } from '../../lib/plan/view.js';

/** One pool `web` of service `web`; its plain slots are `s1`, `s2`, …, those with TLS `t1`, … */
export const config: Config = v.parse(configSchema, {
  pools: [
    {
      backend: 'web',
      service: 'web',
      select: { role: [null, 'web'] },
      maxconn: 5,
      ranges: [
        { prefix: 's', transport: 'plain' },
        { prefix: 't', transport: 'verified' },
      ],
    },
  ],
});

/** Passing, `n1/a` at 10.0.0.1:80, unless told otherwise. */
export const instance = (told: Partial<ServiceInstance> = {}): ServiceInstance => ({
  node: 'n1',
  id: 'a',
  address: '10.0.0.1',
  port: 80,
  tags: [],
  meta: {},
  weights: { passing: 1, warning: 1 },
  health: 'passing',
  nodeIsDead: false,
  hasOwnCheck: true,
  kind: '',
  ...told,
});

/** Ready at 10.0.0.1:80 with weight 1 and maxconn 5, unless told otherwise. */
export const server = (slot: string, told: Partial<ObservedServer> = {}): ObservedServer => ({
  slot,
  address: '10.0.0.1',
  port: 80,
  weight: 1,
  maxconn: 5,
  state: 'ready',
  sessions: 0,
  status: 'UP',
  tls: slot.startsWith('t'),
  ...told,
});

/** A slot that nobody has, as `server-template` makes it. */
export const empty = (slot: string): ObservedServer =>
  server(slot, { address: '0.0.0.0', port: 1, maxconn: 0, state: 'maintenance', status: 'MAINT' });

export function catalogOf(
  instances: readonly ServiceInstance[],
  absence: Absence = { believed: 'yes' },
  service = 'web',
): Catalog {
  return { services: [{ service, instances, absence, version: '7' }], problems: [] };
}

/** `answers`: host name to its addresses. */
export function viewWith(
  instances: readonly ServiceInstance[],
  {
    absence,
    answers = {},
  }: { absence?: Absence; answers?: Readonly<Record<string, readonly string[]>> } = {},
): View {
  return viewOf(
    config,
    locateCatalog(config, catalogOf(instances, absence)),
    new Map(Object.entries(answers)),
  );
}

export const observedWith = (servers: readonly ObservedServer[]): Observed => ({
  process: { version: '3.2.0', pid: 1, uptimeSeconds: 60, node: 'lb', stopping: false },
  backends: new Map([['web', servers]]),
});

/** `add s1 n1/a 10.0.0.1:80 w1 m5 ready`: a change in one line. */
export function printed({ action, slot, instance: label, after }: Change): string {
  const { address, port, weight, maxconn, state } = after;
  return `${action} ${slot} ${label} ${address}:${port} w${weight} m${maxconn} ${state}`;
}
