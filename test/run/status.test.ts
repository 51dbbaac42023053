// What `iri-lb status` says: who serves, what is held for nobody, and that what cannot be read is no zero.
import { describe, expect, it } from 'vitest';
import { fleetStatus } from '../../lib/cli/exit-status.js';
import { statusLines } from '../../lib/cli/status-text.js';
import { makeSource } from '../../lib/consul/source.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import type { Status } from '../../lib/model/status.js';
import { readStatus } from '../../lib/run/status.js';
import {
  haproxyFor,
  instantClock,
  type MemoryCatalog,
  memoryCatalog,
  parseConfig,
  runOnce,
} from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';

const config = parseConfig({ pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's' }] }] });
const ROWS = [row(), row({ id: 'iri-2', address: '10.0.0.2' })];

/** Reads one HAProxy, whose answers `reword` may change. */
function statusOf(
  haproxy: SimulatedHAProxy,
  catalog: MemoryCatalog,
  reword: (answer: string) => string = (answer) => answer,
): Promise<Status> {
  const connect = async (): Promise<RuntimeConnection> => {
    const connection = haproxy.connect();
    return { ...connection, send: async (lines) => (await connection.send(lines)).map(reword) };
  };
  const clock = instantClock();
  const source = makeSource({ client: catalog, clock });
  return readStatus({ config, source, connect, resolve: async () => [], clock }, [
    { kind: 'tcp', host: 'simulated', port: 9999 },
  ]);
}

/** Two servers that a run made ready. */
async function served(): Promise<SimulatedHAProxy> {
  const haproxy = haproxyFor(config, 4);
  await runOnce({ config, haproxy, catalog: memoryCatalog(ROWS) });
  haproxy.settle();
  return haproxy;
}

const textOf = (status: Status): string => statusLines(status).join('\n');

describe('the pools', () => {
  it('are counted by who is ready and who serves', async () => {
    const status = await statusOf(await served(), memoryCatalog(ROWS));
    const [balancer] = status.loadBalancers;
    expect(balancer?.pools).toEqual([
      { backend: 'web', ready: 2, serving: 2, unserved: false, heldForNobody: [] },
    ]);
    expect(textOf(status)).toContain('web: 2 ready, 2 of them serve');
    expect(fleetStatus(status)).toBe(0);
  });

  it.each(['DOWN', 'NOLB', 'DOWN (agent)'])('serve nobody where all who are ready are %s', async (word) => {
    const status = await statusOf(await served(), memoryCatalog(ROWS), (answer) =>
      answer.replaceAll(',UP,', `,${word},`),
    );
    expect(status.loadBalancers[0]?.pools).toMatchObject([{ ready: 2, serving: 0, unserved: true }]);
    expect(textOf(status)).toContain('web: 2 ready, 0 of them serve: NOBODY serves');
    expect(fleetStatus(status)).toBe(3);
  });

  it('are served where a server that is no slot serves alone', async () => {
    const haproxy = haproxyFor(config, 4).addRange('web', 'sorry', 1);
    Object.assign(haproxy.server('web', 'sorry1'), { address: '10.0.0.9', port: 80, state: 'ready' });
    const status = await statusOf(haproxy, memoryCatalog(ROWS));
    expect(status.loadBalancers[0]?.pools).toMatchObject([{ ready: 0, serving: 0, unserved: false }]);
    expect(fleetStatus(status)).toBe(0);
  });

  it('serve nobody where Consul has somebody and HAProxy is empty, and want no look where Consul has nobody', async () => {
    expect(fleetStatus(await statusOf(haproxyFor(config, 4), memoryCatalog(ROWS)))).toBe(3);
    expect(fleetStatus(await statusOf(haproxyFor(config, 4), memoryCatalog()))).toBe(0);
  });

  it('name slots in drain for nobody, and not those whose instance is there', async () => {
    const haproxy = await served();
    const slots = [...(haproxy.backends.get('web') ?? [])].filter(([, { state }]) => state === 'ready');
    for (const [, server] of slots) server.state = 'drain';
    const gone = slots.find(([, { address }]) => address === '10.0.0.2')?.[0];
    const status = await statusOf(haproxy, memoryCatalog([row()]));
    expect(status.loadBalancers[0]?.pools).toMatchObject([{ heldForNobody: [gone] }]);
    expect(textOf(status)).toContain(`held in drain for nobody: ${gone}`);
    expect(fleetStatus(status)).toBe(3);
  });
});

describe('a catalog that cannot be read', () => {
  const refused = async (): Promise<never> => {
    throw new Error('consul: answered 403');
  };

  it.each<[string, Partial<MemoryCatalog>, RegExp]>([
    ['to a token that may not read it', { rows: [], may: 'denied' }, /token may not read service iri/],
    ['to a token that may not read it, with rows', { may: 'denied' }, /token may not read service iri/],
    ['to a token that may not read nodes', { may: 'nodes-denied' }, /may not read every node/],
    ['filtered', { flags: { filtered: true } }, /left out what the token may not read/],
    ['at all', { readService: refused }, /answered 403/],
  ])('%s is said, is not taken for nobody, and fails', async (_what, answer, words) => {
    const status = await statusOf(await served(), Object.assign(memoryCatalog(ROWS), answer));
    expect(status.consul.error).toMatch(words);
    expect(textOf(status)).toContain('Consul: not known, it could not be read');
    expect(textOf(status)).not.toContain('0 instances');
    expect(textOf(status)).toContain('web: 2 ready');
    expect(fleetStatus(status)).toBe(1);
  });
});

it("shows HAProxy's version and states without what a terminal would act on", async () => {
  const status = await statusOf(await served(), memoryCatalog(ROWS), (answer) =>
    answer.replace('3.0.0', '3.0\u001b[2J\u009b0m\u202e').replaceAll(',UP,', ',UP\u009b1m,'),
  );
  expect(textOf(status)).toContain('HAProxy 3.0\\u001b[2J\\u009b0m\\u202e, up');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(textOf(status).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});
