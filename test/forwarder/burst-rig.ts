// The thread as it is deployed: built forwarder, Lambda's API, built watch function, Consul and HAProxy.

import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  type Finished,
  type LambdaEndpoint,
  startLambdaEndpoint,
} from '../../infra/local/lambda-endpoint.js';
import { CHURN_SLOTS, prepareChanges } from '../consul/churn.js';
import { client } from '../consul/rig.js';
import { wantedServers } from '../consul/wanted.js';
import { iriBackends, type Rig, startRig } from '../integration/rig.js';
import { seeded } from '../integration/seeded.js';
import { BUILT_FORWARDER, type Forwarder, startForwarder } from './process.js';

const WATCH_BUNDLE = fileURLToPath(new URL('../../dist/watch/index.mjs', import.meta.url));
const BACKENDS = ['iri_back', 'iri_pow_back'];
const CHANGES = 50;
const EVENTS_PER_CHANGE = 20;
/** From one change to the next, in milliseconds; on a slow machine it takes longer. */
const PACE_MS = 40;

export interface Burst {
  /** The statuses that the forwarder answered. */
  readonly statuses: readonly number[];
  /** The index of the last event, which is that of the last change. */
  readonly lastIndex: string;
  readonly durationMs: number;
}

export interface BurstRig extends Rig {
  readonly forwarder: Forwarder;
  readonly endpoint: () => LambdaEndpoint;
  /** Invocations that have ended, by whichever endpoint. */
  readonly finished: readonly Finished[];
  /** Starts the endpoint, closed before, on the port that the forwarder knows. Its function is cold. */
  startEndpoint(): Promise<void>;
  /** 1,000 events in about 2 s, while the catalog changes 50 times. */
  burst(): Promise<Burst>;
  /** Whether HAProxy holds what Consul says. */
  asInCatalog(): Promise<boolean>;
  /** Whether nothing waits in the forwarder and nothing runs. */
  idle(): Promise<boolean>;
}

/** Starts all of it; `harness.close()` ends it. */
export async function startBurstRig(): Promise<BurstRig> {
  const rig = await startRig({ backends: iriBackends(CHURN_SLOTS) });
  const { harness, consul, env } = rig;
  const port = await harness.freePort();
  const finished: Finished[] = [];
  let asked = 0;
  const start = (): Promise<LambdaEndpoint> =>
    startLambdaEndpoint({
      port,
      functions: [{ name: 'iri-lb-watch', bundle: WATCH_BUNDLE, env }],
      onFinished: (entry) => finished.push(entry),
    });
  let endpoint = await start();
  harness.onClose(() => endpoint.close());
  const changes = await prepareChanges([consul], seeded('burst'));
  const forwarder = await startForwarder(harness, endpoint.url, BUILT_FORWARDER);
  const catalog = client([consul.url], { token: consul.token });

  return {
    ...rig,
    forwarder,
    endpoint: () => endpoint,
    finished,
    startEndpoint: async () => {
      asked += endpoint.requests;
      endpoint = await start();
    },
    burst: async () => {
      const startedAt = performance.now();
      const statuses: number[] = [];
      let lastIndex = '0';
      for (let change = 1; change <= CHANGES; change += 1) {
        await changes.next();
        lastIndex = (await catalog.readService('iri')).index;
        const posts = Array.from({ length: EVENTS_PER_CHANGE }, () => forwarder.post(Number(lastIndex)));
        statuses.push(...(await Promise.all(posts)));
        await pause(Math.max(0, startedAt + change * PACE_MS - performance.now()));
      }
      return { statuses, lastIndex, durationMs: performance.now() - startedAt };
    },
    asInCatalog: async () => {
      const held = await Promise.all(BACKENDS.map((backend) => rig.ready(backend)));
      const wanted = await Promise.all(BACKENDS.map((backend) => wantedServers(consul, backend)));
      return isDeepStrictEqual(held, wanted);
    },
    idle: async () =>
      (await forwarder.status()).pending === 0 && asked + endpoint.requests === finished.length,
  };
}
