// Real parts set up as `iri-lb render` says, with nothing for the doctor to find, to plant mistakes in.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, haproxyBin, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { startStandIn } from '../../infra/local/stand-in.js';
import { readSettings } from '../../lib/config/environment.js';
import { diagnose } from '../../lib/doctor/doctor.js';
import type { Finding } from '../../lib/doctor/finding.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { type RenderConfig, renderConfigSchema } from '../../lib/render/config.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { makeRunner } from '../../lib/run/runner.js';

export const PARAMETER = '/iri-lb/token';
const AWS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const SLOTS = 4;

type Environment = Readonly<Record<string, string>>;

export type Mistake = (rendered: string, adminPort: number) => string;

export interface FindingsOptions {
  /** Done to it before it is examined. */
  readonly prepare?: (haproxy: HAProxy) => Promise<void>;
  /** Beside what the rig has. */
  readonly env?: Environment;
  /** HAPROXY_ADDRESSES, for another than its address. */
  readonly addresses?: (haproxy: HAProxy) => string;
}

export interface Rig {
  readonly harness: Harness;
  readonly consul: Consul;
  readonly store: ParameterStore;
  /** With the policy of `iri-lb render policy`. */
  readonly token: string;
  /** One at which nobody listens. */
  readonly port: number;
  /** What a function or a workstation is given; HAPROXY_ADDRESSES is for startLoadBalancer to say. */
  readonly env: Environment;
  /** Starts a load balancer on the rendered configuration, with `mistake` made in its text. */
  startLoadBalancer(mistake?: Mistake): Promise<HAProxy>;
  /** A load balancer on the rendered configuration that serves the one node, at which somebody answers. */
  startServing(): Promise<HAProxy>;
  /** What is not well, as `level area subject: finding -> todo`. */
  findings(env: Environment): Promise<string[]>;
  /** The same of what the load balancers serve. */
  fleetFindings(env: Environment): Promise<string[]>;
  /** The same on a load balancer of its own with this mistake, whose address is `LB`. */
  findingsOn(mistake: Mistake, options?: FindingsOptions): Promise<string[]>;
  close(): Promise<void>;
}

/** Whether the HAProxy under test is of this series or a later one. */
export function isFrom(major: number, minor: number): boolean {
  const said = execFileSync(haproxyBin(), ['-v'], { encoding: 'utf8' });
  const [, here = 0, there = 0] = /version (\d+)\.(\d+)/.exec(said) ?? [];
  return Number(here) > major || (Number(here) === major && Number(there) >= minor);
}

/** Everything that a diagnosis said so far. */
export const said: string[] = [];

/** Consul with ACLs and one registered node, the parameter store with a token, the process's AWS settings. */
export async function startRig(): Promise<Rig> {
  const harness = await startHarness();
  const before = { ...process.env };
  try {
    const consul = await startConsul(harness);
    const lb = configOf(harness, 0, 0, 0);
    const token = await consul.createPolicyToken(renderPolicy(lb));
    await consul.register({ Name: 'iri', ID: 'one', Address: '10.0.0.1', Port: 14265 });
    const store = await startParameterStore({ [PARAMETER]: token });
    harness.onClose(() => store.close());
    Object.assign(process.env, AWS, { AWS_ENDPOINT_URL_SSM: store.url });
    const env = {
      ...AWS,
      AWS_ENDPOINT_URL_SSM: store.url,
      CONSUL_HTTP_ADDR: consul.url,
      CONSUL_HTTP_TOKEN_PARAMETER: PARAMETER,
      LB_CONFIG: JSON.stringify(lb),
    };
    const port = await harness.freePort();
    return {
      port,
      harness,
      consul,
      store,
      token,
      env,
      startLoadBalancer: (mistake = (text) => text) => start(harness, mistake),
      startServing: async () => {
        const node = await startStandIn({ name: 'one' });
        harness.onClose(() => node.close());
        await consul.register({ Name: 'iri', ID: 'one', Address: '127.0.0.1', Port: node.port });
        const haproxy = await start(harness, (text) => text);
        const access = { CONSUL_HTTP_ADDR: consul.url, CONSUL_HTTP_TOKEN: token };
        const settings = { ...access, HAPROXY_ADDRESSES: haproxy.admin, LB_CONFIG: env.LB_CONFIG };
        await makeRunner(readSettings(settings)).run({ mode: 'apply' });
        return haproxy;
      },
      findings: async (settings) => (await examineSetUp(settings)).map(print),
      fleetFindings: async (settings) =>
        (await examine(settings)).filter(({ area }) => area === 'fleet').map(print),
      findingsOn: async (
        mistake,
        { prepare, env: more = {}, addresses = ({ admin }: HAProxy) => admin } = {},
      ) => {
        const haproxy = await start(harness, mistake);
        try {
          await prepare?.(haproxy);
          const found = await examineSetUp({ ...env, ...more, HAPROXY_ADDRESSES: addresses(haproxy) });
          return found.map(print).map((line) => line.replaceAll(haproxy.admin, 'LB'));
        } finally {
          await haproxy.stop();
        }
      },
      close: async () => {
        process.env = before;
        await harness.close();
      },
    };
  } catch (error) {
    await harness.close();
    throw error;
  }
}

async function start(harness: Harness, mistake: Mistake): Promise<HAProxy> {
  const ports = [await harness.freePort(), await harness.freePort(), await harness.freePort()] as const;
  const config = configOf(harness, ...ports);
  writeFileSync(join(harness.dir, 'state'), '1\n');
  const rendered = renderHAProxy(config);
  const changed = mistake(rendered, ports[1]);
  return startHAProxy(harness, { config: changed, adminPort: ports[1] });
}

function configOf({ dir }: Harness, port: number, adminPort: number, statsPort: number): RenderConfig {
  return v.parse(renderConfigSchema, {
    networks: LOCAL_NETWORKS,
    pools: iriLayout.pools.map((pool) => ({
      ...pool,
      ranges: pool.ranges.map((range) => ({ ...range, slots: SLOTS })),
    })),
    haproxy: {
      frontend: { bind: `127.0.0.1:${port || 14267}` },
      admin: {
        bind: `127.0.0.1:${adminPort || 9999}`,
        unix: join(dir, `admin-${adminPort}.sock`),
        read: join(dir, `read-${adminPort}.sock`),
      },
      stats: { bind: `127.0.0.1:${statsPort || 9292}` },
      process: { user: null, group: null },
      log: { target: 'stdout' },
      stateFile: join(dir, 'state'),
    },
  });
}

async function examine(env: Environment): Promise<Finding[]> {
  const { findings } = await diagnose(env);
  said.push(JSON.stringify(findings));
  return findings.filter(({ level }) => level !== 'ok');
}

/** How things are set up: of what the load balancers serve, no run is needed before. */
async function examineSetUp(env: Environment): Promise<Finding[]> {
  return (await examine(env)).filter(({ area }) => area !== 'fleet');
}

/** Puts a server in at an address, as a run would. */
export async function fill(
  haproxy: HAProxy,
  server: string,
  hostPort: string,
  state: 'ready' | 'drain' | 'maint' = 'ready',
): Promise<void> {
  const [address, port] = hostPort.split(':');
  await haproxy.query(`set server ${server} addr ${address} port ${port}`);
  // From 2.9 on the address shows a moment later, and `ready` would take effect before it.
  const shows = async (): Promise<boolean> => {
    const [backend = '', slot = ''] = server.split('/');
    const listing = await haproxy.query(`show servers state ${backend}`);
    return listing
      .split('\n')
      .some((row) => row.includes(` ${slot} ${address} `) && row.includes(` ${port} `));
  };
  await haproxy.child.until(shows, { what: `${server} to show ${hostPort}` });
  await haproxy.query(`set server ${server} state ${state}`);
}

export function print({ level, area, subject, finding, todo }: Finding): string {
  return `${level} ${area} ${subject}: ${finding} -> ${todo}`;
}
