// What `npm start` runs: LB_CONFIG's configuration, or the IRI layout, moved to this machine.
import * as v from 'valibot';
import { readLbConfig } from '../../lib/config/lb-config.js';
import { ConfigError, type SettingProblem } from '../../lib/model/errors.js';
import { type RenderConfig, renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';

/** Of one load balancer, all on 127.0.0.1. */
export interface BalancerPorts {
  readonly api: number;
  /** The runs' admin socket. */
  readonly admin: number;
  /** The socket for who only looks. */
  readonly read: number;
  readonly stats: number;
}

/** Files of this machine in place of those of a real load balancer. */
export interface LocalFiles {
  /** PEM with certificate and key, for the frontend. */
  readonly frontendPem: string;
  /** Who signed the sample nodes' certificates, which are good for `localhost`. */
  readonly authority: string;
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'];
/** Of HAProxy's own checks, in seconds: the stats page follows at once. */
const CHECKED_EVERY = { intervalSeconds: 2, downIntervalSeconds: 2 };

/**
 * What runs read of it is as they get it here: instances may be on loopback. Throws ConfigError with all that is wrong
 * with it, also with what HAProxy would be told.
 */
export function readStartConfig(env: Readonly<Record<string, string | undefined>>): RenderConfig {
  const problems: SettingProblem[] = [];
  const read = readLbConfig(renderConfigSchema, env.LB_CONFIG, problems);
  if (problems.length > 0) throw new ConfigError('configuration', problems);
  renderHAProxy(read);
  const config = { ...read, networks: [...new Set([...read.networks, ...LOOPBACK])] };
  if (env.LB_CONFIG) return config;
  // One client at a time asks here, and sees all nodes answer.
  const { haproxy } = config;
  return { ...config, haproxy: { ...haproxy, servers: { ...haproxy.servers, balance: 'leastconn' } } };
}

/**
 * The same for one load balancer on this machine: it listens on these ports alone. What belongs to a host or to several
 * of them is left out: users, state file, gateway and peers.
 */
export function onThisMachine(config: RenderConfig, ports: BalancerPorts, files: LocalFiles): RenderConfig {
  const { gateway: _gateway, peers: _peers, stateFile: _stateFile, ...haproxy } = config.haproxy;
  const { frontend, servers, stats } = haproxy;
  const { verifyName, healthCheck } = servers;
  const at = (port: number): string => `127.0.0.1:${port}`;
  const local = {
    ...config,
    hosts: [],
    haproxy: {
      ...haproxy,
      frontend: {
        ...frontend,
        bind: at(ports.api),
        ...(frontend.tls ? { tls: { ...frontend.tls, certificate: files.frontendPem } } : {}),
      },
      admin: { ...haproxy.admin, bind: at(ports.admin), unix: null, read: at(ports.read) },
      stats: stats && { ...stats, bind: at(ports.stats) },
      process: { ...haproxy.process, user: null, group: null },
      servers: {
        ...servers,
        caFile: files.authority,
        ...(verifyName === undefined ? {} : { verifyName: 'localhost' }),
        healthCheck: healthCheck && { ...healthCheck, ...CHECKED_EVERY },
      },
      log: { ...haproxy.log, target: 'stdout' },
    },
  };
  return v.parse(renderConfigSchema, local);
}
