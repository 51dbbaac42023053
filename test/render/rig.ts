// A real HAProxy with the rendered configuration, in front of small servers that record what reaches them.
import * as v from 'valibot';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import type { configSchema } from '../../lib/config/pools.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import type { frontendSettings } from '../../lib/render/settings.js';
import { type Node, startNode } from './node.js';

export type FrontendInput = v.InferInput<typeof frontendSettings>;
type PoolsInput = v.InferInput<typeof configSchema>['pools'];

/** Two slots each are enough to test with, and quick to start. */
export const smallPools: PoolsInput = iriLayout.pools.map((pool) => ({
  ...pool,
  ranges: pool.ranges.map((range) => ({ ...range, slots: 2 })),
}));

export interface RigOptions {
  readonly settings?: FrontendInput;
  readonly pools?: PoolsInput;
  /** Backend to the number of nodes in rotation; one in each of the two backends by default. */
  readonly nodes?: Readonly<Record<string, number>>;
  readonly harness?: Harness;
}

export interface Rig {
  readonly harness: Harness;
  readonly haproxy: HAProxy;
  readonly port: number;
  readonly statsPort: number;
  /** By backend. */
  readonly nodes: Readonly<Record<string, readonly Node[]>>;
  /** What HAProxy wrote to its log so far. */
  log(): string;
}

/** Renders, starts and fills. Nothing is whitelisted unless the settings say so. */
export async function startRig({ settings = {}, pools = smallPools, ...rest }: RigOptions): Promise<Rig> {
  const harness = rest.harness ?? (await startHarness());
  const [port, statsPort, adminPort] = [
    await harness.freePort(),
    await harness.freePort(),
    await harness.freePort(),
  ];
  const config = v.parse(renderConfigSchema, {
    pools,
    haproxy: {
      ...settings,
      frontend: { bind: `127.0.0.1:${port}`, whitelist: [], ...settings.frontend },
      admin: { bind: `127.0.0.1:${adminPort}`, unix: null, read: null },
      stats: settings.stats === false ? false : { bind: `127.0.0.1:${statsPort}`, ...settings.stats },
      process: { user: null, group: null },
      log: { target: 'stdout', ...settings.log },
    },
  });
  const haproxy = await startHAProxy(harness, { config: renderHAProxy(config), adminPort });
  const nodes: Record<string, Node[]> = {};
  for (const [backend, count] of Object.entries(rest.nodes ?? { iri_back: 1, iri_pow_back: 1 })) {
    nodes[backend] = [];
    const prefix = config.pools.find((pool) => pool.backend === backend)?.ranges[0]?.prefix ?? '';
    for (let slot = 1; slot <= count; slot++) {
      const node = await startNode(harness, `${backend}-${slot}`);
      nodes[backend].push(node);
      await enable(haproxy, backend, `${prefix}${slot}`, node.port);
    }
  }
  return { harness, haproxy, port, statsPort, nodes, log: () => haproxy.child.output() };
}

/** Puts a server into rotation as a run does: address, read until it shows, ready. */
export async function enable({ query }: HAProxy, backend: string, slot: string, port: number): Promise<void> {
  const server = `${backend}/${slot}`;
  await query(`set server ${server} addr 127.0.0.1 port ${port}`);
  const shown = new RegExp(`^\\d+ \\S+ \\d+ ${slot} 127\\.0\\.0\\.1 .* ${port} `, 'm');
  await waitFor(async () => shown.test(await query(`show servers state ${backend}`)), {
    what: `${server} to have port ${port}`,
  });
  await query(`set server ${server} state ready`);
}
