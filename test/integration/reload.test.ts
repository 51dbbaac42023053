// A HAProxy that is reloaded in the middle of a run: the run is made again on the new process.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { makeSource } from '../../lib/consul/source.js';
import { type ConnectOptions, connectRuntime } from '../../lib/haproxy/connection.js';
import { readHAProxy } from '../../lib/haproxy/read.js';
import type { SocketAddress } from '../../lib/model/admin-address.js';
import { failuresOf } from '../../lib/model/report.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import { reconcile } from '../../lib/run/reconcile.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { memoryCatalog, parseConfig } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { readyServers } from './rig.js';

const MS = 20_000;
const OPTIONS: ConnectOptions = {
  connectTimeoutMs: MS,
  promptTimeoutMs: MS,
  answerTimeoutMs: MS,
  totalTimeoutMs: MS,
};
const config = parseConfig({ pools: [{ backend: 'b', service: 'web', ranges: [{ prefix: 's' }] }] });

let harness: Harness;
let haproxy: HAProxy;
let address: SocketAddress;

beforeAll(async () => {
  harness = await startHarness();
  const adminPort = await harness.freePort();
  address = { kind: 'tcp', host: '127.0.0.1', port: adminPort };
  const text = minimalConfig({ backends: [{ name: 'b', ranges: [{ prefix: 's', slots: 5 }] }], adminPort });
  haproxy = await startHAProxy(harness, { config: text, adminPort, master: true });
});
afterAll(() => harness.close());

it('the old process says that it is being replaced', async () => {
  const connection = await connectRuntime(address, OPTIONS);
  await haproxy.reload();
  await expect(readHAProxy(connection, ['b'])).rejects.toMatchObject({
    kind: 'stopping',
    message: expect.stringMatching(/process \d+ is being replaced/),
  });
  await connection.close();
});

it.each([
  ['before the first read', (lines: readonly string[]) => lines[0] === 'show info'],
  [
    'before the first write',
    (lines: readonly string[]) => lines.some((line) => line.startsWith('set server')),
  ],
  [
    'before the last write',
    (lines: readonly string[]) => lines.some((line) => line.endsWith(' state ready')),
  ],
])('a run that is overtaken %s ends on the new one', async (_when, isThen) => {
  let reloaded = false;
  const connect = async (to: SocketAddress): Promise<RuntimeConnection> => {
    const connection = await connectRuntime(to, OPTIONS);
    return {
      name: connection.name,
      close: () => connection.close(),
      send: async (lines) => {
        if (!reloaded && isThen(lines)) {
          reloaded = true;
          await haproxy.reload();
        }
        return connection.send(lines);
      },
    };
  };
  await haproxy.reload();
  const deps = {
    config,
    source: makeSource({ client: memoryCatalog([row()]), clock: systemClock }),
    connect,
    resolve: async () => [],
    clock: systemClock,
  };
  const report = await reconcile(deps, [address], { mode: 'apply', force: false });
  expect(failuresOf(report)).toEqual([]);
  expect(reloaded).toBe(true);
  expect(await readyServers(haproxy, 'b')).toEqual(['s 10.0.0.1:14265 w1 m0']);
});

it('a run whose process is killed in the middle waits for the next one, and ends there', async () => {
  let killed = false;
  let restarted: Promise<void> | undefined;
  const connect = async (to: SocketAddress): Promise<RuntimeConnection> => {
    const connection = await connectRuntime(to, OPTIONS).catch((error: unknown) => {
      // Not before the run has seen that nobody is there.
      restarted ??= haproxy.restart();
      throw error;
    });
    return {
      name: connection.name,
      close: () => connection.close(),
      send: async (lines) => {
        if (!killed && lines.some((line) => line.startsWith('set server'))) {
          killed = true;
          await haproxy.stop(true);
        }
        return connection.send(lines);
      },
    };
  };
  await haproxy.restart();
  const source = makeSource({ client: memoryCatalog([row()]), clock: systemClock });
  const deps = { config, source, connect, resolve: async () => [], clock: systemClock };
  const report = await reconcile(deps, [address], { mode: 'apply', force: false });
  await restarted;
  expect(failuresOf(report)).toEqual([]);
  expect(restarted).toBeDefined();
  expect(await readyServers(haproxy, 'b')).toEqual(['s 10.0.0.1:14265 w1 m0']);
});
