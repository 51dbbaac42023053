// A real Consul, and a real HAProxy with the configuration that `iri-lb render haproxy` prints.

import * as v from 'valibot';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { LOCAL_CONFIG } from '../../infra/local/networks.js';
import { readSettings } from '../../lib/config/environment.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';

interface Ports {
  readonly api: number;
  readonly admin: number;
  readonly stats: number;
}

/** As `iri-lb render haproxy` prints it, with few slots and a balance that spreads one client's requests. */
function rendered({ api, admin, stats }: Ports, slots: number): string {
  const pools = iriLayout.pools.map((pool) => ({
    ...pool,
    ranges: pool.ranges.map((range) => ({ ...range, slots })),
  }));
  const config = v.parse(renderConfigSchema, {
    ...iriLayout,
    pools,
    haproxy: {
      frontend: { bind: `127.0.0.1:${api}` },
      admin: { bind: `127.0.0.1:${admin}`, unix: null, read: null },
      stats: { bind: `127.0.0.1:${stats}` },
      servers: { balance: 'leastconn' },
      process: { user: null, group: null },
      log: { target: 'stdout' },
    },
  });
  return renderHAProxy(config);
}

export interface RenderedRig {
  readonly consul: Consul;
  readonly haproxy: HAProxy;
  readonly apiPort: number;
  readonly runner: Runner;
}

/** Starts Consul and HAProxy in a harness that the caller closes. */
export async function startRendered(harness: Harness, slots: number): Promise<RenderedRig> {
  const ports = {
    api: await harness.freePort(),
    admin: await harness.freePort(),
    stats: await harness.freePort(),
  };
  const [consul, haproxy] = await Promise.all([
    startConsul(harness),
    startHAProxy(harness, { config: rendered(ports, slots), adminPort: ports.admin }),
  ]);
  const env = {
    CONSUL_HTTP_ADDR: consul.url,
    CONSUL_HTTP_TOKEN: consul.token,
    HAPROXY_ADDRESSES: haproxy.admin,
    LB_CONFIG: LOCAL_CONFIG,
  };
  return { consul, haproxy, apiPort: ports.api, runner: makeRunner(readSettings(env)) };
}
