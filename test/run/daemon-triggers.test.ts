// What has a run made beside Consul and HAProxy: the clock, and a machine that slept.
import { afterEach, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import type { Trigger } from '../../lib/run/daemon/loop.js';
import { makeTriggers, type Triggers } from '../../lib/run/daemon/triggers.js';
import { systemClock } from '../../lib/run/system-clock.js';

let triggers: Triggers | undefined;
afterEach(() => triggers?.close());

/** With nobody to be reached. */
function start(resyncMs: number) {
  const pushed: Trigger[] = [];
  let ahead = 0;
  triggers = makeTriggers({
    settings: readSettings({
      CONSUL_HTTP_ADDR: 'http://127.0.0.1:1',
      HAPROXY_ADDRESSES: 'tcp://127.0.0.1:1,consul:balancers',
    }),
    clock: { ...systemClock, wallMs: () => Date.now() + ahead },
    resyncMs,
    log: () => undefined,
    tell: () => undefined,
    push: (trigger) => void pushed.push(trigger),
    isRunning: () => false,
    onTick: () => undefined,
  });
  const until = (cause: Trigger['cause']) =>
    waitFor(() => pushed.find((trigger) => trigger.cause === cause), { what: `a run because of ${cause}` });
  return {
    triggers,
    pushed,
    until,
    sleep: (ms: number): void => {
      ahead += ms;
    },
  };
}

it('has all looked at in its time, and when the machine wakes up', async () => {
  const { until, sleep, pushed } = start(1_000);
  await until('resync');
  expect(pushed.map(({ cause }) => cause)).not.toContain('wake');
  sleep(3_600_000);
  await until('wake');
});

it('watches the services of the pools, and those under which load balancers are found', async () => {
  const { triggers: made } = start(3_600_000);
  await waitFor(() => made.watches().every(({ error }) => error !== null), { what: 'both watches to fail' });
  expect(made.watches().map(({ service }) => service)).toEqual(['iri', 'balancers']);
  await waitFor(() => made.loadBalancers()[0]?.error !== null, { what: 'nobody to answer' });
  expect(made.loadBalancers()).toEqual([{ address: 'tcp://127.0.0.1:1', error: 'nobody answers there' }]);
});
