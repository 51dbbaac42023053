// What the functions talk to: a real Consul, a real HAProxy and a parameter store, each behind a tap.

import * as v from 'valibot';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_CONFIG } from '../../infra/local/networks.js';
import { type ParameterStore, startParameterStore } from '../../infra/local/parameter-store.js';
import { configSchema } from '../../lib/config/pools.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { renderPolicy } from '../../lib/render/consul/policy.js';
import { startTap, type Tap } from './tap.js';

const PARAMETER = '/iri-lb/consul-token';
const SLOTS = 10;

export interface Rig {
  readonly consul: Consul;
  readonly haproxy: HAProxy;
  readonly store: ParameterStore;
  readonly taps: { readonly store: Tap; readonly consul: Tap; readonly haproxy: Tap };
  /** The functions' environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The secret, to be looked for where it must not be. */
  readonly token: string;
  /** Registers a passing instance. */
  add(port: number): Promise<void>;
}

export async function startRig(harness: Harness): Promise<Rig> {
  const config = v.parse(configSchema, iriLayout);
  const adminPort = await harness.freePort();
  const backends = config.pools.map(({ backend, ranges }) => ({
    name: backend,
    ranges: ranges.map(({ prefix, transport }) => ({ prefix, transport, slots: SLOTS })),
  }));
  const [consul, haproxy] = await Promise.all([
    startConsul(harness),
    startHAProxy(harness, { config: minimalConfig({ backends, adminPort }), adminPort }),
  ]);
  const token = await consul.createPolicyToken(renderPolicy(config));
  const store = await startParameterStore({ [PARAMETER]: token });
  harness.onClose(() => store.close());
  const tap = async (port: number): Promise<Tap> => {
    const started = await startTap(port);
    harness.onClose(() => started.close());
    return started;
  };
  const taps = {
    store: await tap(Number(new URL(store.url).port)),
    consul: await tap(Number(new URL(consul.url).port)),
    haproxy: await tap(adminPort),
  };
  const local = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    consul,
    haproxy,
    store,
    taps,
    token,
    env: {
      CONSUL_HTTP_ADDR: local(taps.consul.port),
      CONSUL_HTTP_TOKEN_PARAMETER: PARAMETER,
      LB_CONFIG: LOCAL_CONFIG,
      HAPROXY_ADDRESSES: `tcp://127.0.0.1:${taps.haproxy.port}`,
      AWS_ENDPOINT_URL_SSM: local(taps.store.port),
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    },
    add: (port) =>
      consul.catalogRegister([{ node: `node-${port}`, service: 'iri', address: '127.0.0.1', port }]),
  };
}
