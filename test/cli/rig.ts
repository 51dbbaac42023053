// What the node tests share: stand-ins that end with the harness, and services of a Consul agent's files.
import { join } from 'node:path';
import * as v from 'valibot';
import type { Consul } from '../../infra/local/consul.js';
import type { Harness } from '../../infra/local/harness.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { type StandIn, type StandInOptions, startStandIn } from '../../infra/local/stand-in.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { configSchema } from '../../lib/config/pools.js';
import { iriLayout } from '../../lib/iri/layout.js';
import type { Certificates } from '../iri/certificates.js';
import type { CheckCase } from '../iri/check-cases.js';

/** The bundle under test, as it is put on a host. */
export const NODE_CHECK = join(import.meta.dirname, '..', '..', 'dist', 'node-check.mjs');

const LOCAL_LAYOUT = { ...iriLayout, networks: LOCAL_NETWORKS };
export const iriConfig = v.parse(configSchema, LOCAL_LAYOUT);

/** The IRI layout for nodes on loopback, as an environment. */
export const LOCAL_ENV = { LB_CONFIG: JSON.stringify(LOCAL_LAYOUT) };

/** A check of Consul as its agent tells it. */
export interface AgentCheck {
  readonly CheckID: string;
  readonly Status: string;
  readonly Output: string;
  readonly ServiceID: string;
}

/** Starts a stand-in node that ends with the harness. */
export async function startNode(harness: Harness, options: StandInOptions): Promise<StandIn> {
  const node = await startStandIn(options);
  harness.onClose(() => node.close());
  return node;
}

/** Starts the stand-in of a case; one that is `gone` has a port where nobody listens any more. */
export async function startCase(
  harness: Harness,
  { fault, pow = false, tls, slowMs = 100 }: CheckCase,
  certificates: Certificates,
): Promise<StandIn> {
  const rest = { name: 'n', pow, slowMs, ...(tls ? { tls: certificates.of[tls] } : {}) };
  if (fault !== 'gone') return startNode(harness, { ...rest, fault });
  // Not one of the system's choice, which another stand-in may get.
  const node = await startNode(harness, { ...rest, port: await harness.freePort() });
  await node.close();
  return node;
}

/** The agent's checks by service id. */
export async function checksOf(consul: Consul): Promise<ReadonlyMap<string, AgentCheck>> {
  const checks = (await consul.request('GET', '/v1/agent/checks')) as Readonly<Record<string, AgentCheck>>;
  return new Map(Object.values(checks).map((check) => [check.ServiceID, check]));
}

/** Waits until every check of these services has run. */
export function waitForChecks(
  consul: Consul,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AgentCheck>> {
  return waitFor(
    async () => {
      const checks = await checksOf(consul);
      return ids.every((id) => checks.get(id)?.Output) ? checks : undefined;
    },
    { what: `the first run of ${ids.length} checks`, timeoutMs: 40_000, everyMs: 100 },
  );
}

/** Waits until the catalog has this status for the service's check. */
export async function waitForHealth(
  consul: Consul,
  id: string,
  status: string,
  service = 'iri',
): Promise<void> {
  await waitFor(
    async () => {
      const rows = (await consul.request('GET', `/v1/health/checks/${service}`)) as readonly AgentCheck[];
      return rows.some((check) => check.ServiceID === id && check.Status === status);
    },
    { what: `${id} to be ${status} in Consul's catalog`, timeoutMs: 40_000, everyMs: 100 },
  );
}

/** Waits until the catalog has these instances of the service, as `node/id`, among others. */
export async function waitForRows(consul: Consul, service: string, wanted: readonly string[]): Promise<void> {
  await waitFor(
    async () => {
      const rows = (await consul.request('GET', `/v1/catalog/service/${service}`)) as readonly {
        readonly Node: string;
        readonly ServiceID: string;
      }[];
      const found = rows.map(({ Node, ServiceID }) => `${Node}/${ServiceID}`);
      return wanted.every((name) => found.includes(name));
    },
    { what: `${wanted.join(', ')} to be in Consul's catalog`, timeoutMs: 40_000, everyMs: 100 },
  );
}
