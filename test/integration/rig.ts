// A real Consul and a real HAProxy with a reconcile between them, for the tests of the whole thread.

import { type Consul, type ConsulOptions, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { type MinimalOptions, minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_CONFIG } from '../../infra/local/networks.js';
import { readSettings } from '../../lib/config/environment.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';

export interface Rig {
  readonly harness: Harness;
  readonly consul: Consul;
  readonly haproxy: HAProxy;
  readonly runner: Runner;
  /** The environment of a run, as functions and command line get it. */
  readonly env: Readonly<Record<string, string>>;
  /** One run; the report of the only load balancer is `only`. */
  apply(): Promise<Report & { readonly only: LoadBalancerReport }>;
  /** The ready servers of a backend as `prefix address:port wWEIGHT mMAXCONN`, sorted. */
  ready(backend: string): Promise<string[]>;
}

/** The IRI layout with this many slots in each range. */
export function iriBackends(slots: number): MinimalOptions['backends'] {
  const ranges = [
    { prefix: 'irisrv', slots },
    { prefix: 'iritls', transport: 'verified' as const, slots },
    { prefix: 'iritlsnv', transport: 'unverified' as const, slots },
  ];
  return [
    { name: 'iri_back', ranges },
    { name: 'iri_pow_back', ranges },
  ];
}

export interface RigOptions extends Partial<MinimalOptions> {
  readonly consul?: ConsulOptions;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts everything; `harness.close()` ends it. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const harness = await startHarness();
  try {
    const adminPort = await harness.freePort();
    const config = minimalConfig({ backends: iriBackends(8), adminPort, ...options });
    const [consul, haproxy] = await Promise.all([
      startConsul(harness, options.consul),
      startHAProxy(harness, { config, adminPort }),
    ]);
    const env = {
      CONSUL_HTTP_ADDR: consul.url,
      CONSUL_HTTP_TOKEN: consul.token,
      HAPROXY_ADDRESSES: haproxy.admin,
      LB_CONFIG: LOCAL_CONFIG,
      ...options.env,
    };
    const runner = makeRunner(readSettings(env));
    return {
      harness,
      consul,
      haproxy,
      runner,
      env,
      apply: () => applyOnce(runner),
      ready: (backend) => readyServers(haproxy, backend),
    };
  } catch (error) {
    await harness.close();
    throw error;
  }
}

/** One run of `runner` against one load balancer. */
export async function applyOnce(runner: Runner): Promise<Report & { readonly only: LoadBalancerReport }> {
  const report = await runner.run({ mode: 'apply' });
  const [only] = report.loadBalancers;
  if (!only) throw new Error('no load balancer in the report');
  return { ...report, only };
}

/** Reads HAProxy's own listings beside the code under test: awk-simple on purpose. */
export async function readyServers(haproxy: HAProxy, backend: string): Promise<string[]> {
  const states = (await haproxy.query(`show servers state ${backend}`)).trim().split('\n').slice(1);
  const header = (states.shift() ?? '').replace('# ', '').split(' ');
  const stat = (await haproxy.query(`show stat ${backend} 4 -1`)).trim().split('\n');
  const limits = new Map(stat.slice(1).map((line) => [line.split(',')[1], line.split(',')[6] || '0']));
  return states
    .map((line) => Object.fromEntries(line.split(' ').map((field, index) => [header[index], field])))
    .filter((server) => (Number(server.srv_admin_state) & 0x3b) === 0)
    .map(({ srv_name: name = '', srv_addr, srv_port, srv_uweight }) => {
      const prefix = name.replace(/\d+$/, '');
      return `${prefix} ${srv_addr}:${srv_port} w${srv_uweight} m${limits.get(name)}`;
    })
    .sort();
}
