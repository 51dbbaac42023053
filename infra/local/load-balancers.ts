// The load balancers of `npm start`: two HAProxies from one configuration, each with ports of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RenderConfig } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { type HAProxy, startHAProxy } from './haproxy.js';
import type { Harness } from './harness.js';
import type { Certificate } from './stand-in-tls.js';
import { type BalancerPorts, onThisMachine } from './start-config.js';

export interface LocalBalancer {
  /** `lb1`, `lb2`. */
  readonly name: string;
  readonly haproxy: HAProxy;
  /** As it runs here. */
  readonly config: RenderConfig;
  /** As `HAPROXY_READ_ADDRESSES` takes it. */
  readonly read: string;
  readonly apiUrl: string;
  /** Undefined: the configuration has no stats page. */
  readonly statsUrl: string | undefined;
}

const NAMES = ['lb1', 'lb2'];
const ADMIN_PORT = 9998;
const LAST_PORT = 65_535;

/** Starts them, all at once. Throws with HAProxy's own words where it refuses the configuration. */
export async function startLoadBalancers(
  harness: Harness,
  config: RenderConfig,
  certificate: Certificate,
): Promise<LocalBalancer[]> {
  const frontendPem = join(harness.dir, 'frontend.pem');
  writeFileSync(frontendPem, certificate.cert + certificate.key, { mode: 0o600 });
  const files = { frontendPem, authority: certificate.certFile };
  return Promise.all(
    NAMES.map(async (name, index) => {
      const ports = await portsOf(harness, config, index);
      const own = onThisMachine(config, ports, files);
      const { frontend, stats } = own.haproxy;
      return {
        name,
        haproxy: await startHAProxy(harness, { config: renderHAProxy(own), adminPort: ports.admin }),
        config: own,
        read: `tcp://127.0.0.1:${ports.read}`,
        apiUrl: `${frontend.tls ? 'https' : 'http'}://127.0.0.1:${ports.api}`,
        statsUrl: stats ? `http://127.0.0.1:${ports.stats}` : undefined,
      };
    }),
  );
}

/** Those of the configuration where they are free, and the next ones for the next load balancer. */
async function portsOf(harness: Harness, { haproxy }: RenderConfig, index: number): Promise<BalancerPorts> {
  const near = (bind: string): Promise<number> => {
    const wanted = Number(/\d+$/.exec(bind)?.[0]) + index;
    return harness.freePort(wanted <= LAST_PORT ? wanted : undefined);
  };
  return {
    api: await near(haproxy.frontend.bind),
    stats: await (haproxy.stats ? near(haproxy.stats.bind) : harness.freePort()),
    admin: await harness.freePort(ADMIN_PORT + index),
    read: await harness.freePort(),
  };
}
