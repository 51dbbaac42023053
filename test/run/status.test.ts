// What `iri-lb status` says: who serves, what is pending, what needs a look, and that what cannot be read is no zero.
import { describe, expect, it } from 'vitest';
import { fleetStatus } from '../../lib/cli/exit-status.js';
import { statusLines } from '../../lib/cli/status-text.js';
import { makeSource } from '../../lib/consul/source.js';
import { HAProxyError } from '../../lib/haproxy/errors.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import type { Attention, Status } from '../../lib/model/status.js';
import { lookAt } from '../../lib/run/look.js';
import { statusOf } from '../../lib/run/status.js';
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
import { plainView } from './status-values.js';

const config = parseConfig({ pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's' }] }] });
const ROWS = [row(), row({ id: 'iri-2', address: '10.0.0.2' })];

type Reword = (answer: string) => string;

/** Looks at these HAProxies, whose answers `reword` may change; an Error: that is what connecting ends with. */
async function fleetOf(
  haproxies: readonly (SimulatedHAProxy | Error)[],
  catalog: MemoryCatalog,
  reword: Reword = (answer) => answer,
): Promise<Status> {
  const clock = instantClock();
  const source = makeSource({ client: catalog, clock });
  const addresses = haproxies.map(
    (_, at) => ({ kind: 'tcp', host: `10.9.0.${at + 1}`, port: 9999 }) as const,
  );
  const connect = async ({ host }: { readonly host?: string }): Promise<RuntimeConnection> => {
    const haproxy = haproxies[addresses.findIndex((address) => address.host === host)];
    if (!haproxy || haproxy instanceof Error) throw haproxy;
    const connection = haproxy.connect();
    const name = `tcp://${host}:9999`;
    return { ...connection, name, send: async (lines) => (await connection.send(lines)).map(reword) };
  };
  const deps = {
    config,
    source,
    connect: connect as never,
    resolve: async () => [],
    clock,
    readOnly: false,
    details: 'all' as const,
  };
  return statusOf(await lookAt(deps, addresses, { force: false }), config);
}

const lookedAt = (haproxy: SimulatedHAProxy, catalog: MemoryCatalog, reword?: Reword): Promise<Status> =>
  fleetOf([haproxy], catalog, reword);

/** Two servers that a run made ready. */
async function served(): Promise<SimulatedHAProxy> {
  const haproxy = haproxyFor(config, 4);
  await runOnce({ config, haproxy, catalog: memoryCatalog(ROWS) });
  haproxy.settle();
  return haproxy;
}

const textOf = (status: Status): string => statusLines(status, plainView()).join('\n');

/** Columns of HAProxy's own `show stat` that the simulated one lacks, the same for every server. */
const withDetails =
  (details: Readonly<Record<string, string | number>>): Reword =>
  (answer) => {
    if (!answer.startsWith('# pxname')) return answer;
    const [head = '', ...rows] = answer.split('\n');
    const values = Object.values(details).join(',');
    return [`${head}${Object.keys(details).join(',')},`, ...rows.map((line) => `${line}${values},`)].join(
      '\n',
    );
  };

const told = ({ attention }: Status): Pick<Attention, 'level' | 'code' | 'loadBalancers'>[] =>
  attention.map(({ level, code, loadBalancers }) => ({ level, code, loadBalancers }));

const LB1 = 'tcp://10.9.0.1:9999';
const LB2 = 'tcp://10.9.0.2:9999';

describe('the pools', () => {
  it('are counted by who is ready and who serves', async () => {
    const status = await lookedAt(await served(), memoryCatalog(ROWS));
    const counts = { slots: 4, free: 2, ready: 2, serving: 2, maintenance: 2, held: 0, unplaced: [] };
    expect(status.loadBalancers).toMatchObject([{ state: 'read', version: '3.0.0', uptimeSeconds: 60 }]);
    expect(status.loadBalancers[0]?.pools).toEqual([
      { backend: 'web', service: 'iri', ...counts, unserved: false, heldForNobody: [] },
    ]);
    expect(fleetStatus(status)).toBe(0);
  });

  it.each(['DOWN', 'NOLB', 'DOWN (agent)'])('serve nobody where all who are ready are %s', async (word) => {
    const status = await lookedAt(await served(), memoryCatalog(ROWS), (answer) =>
      answer.replaceAll(',UP,', `,${word},`),
    );
    expect(status.loadBalancers[0]?.pools).toMatchObject([{ ready: 2, serving: 0, unserved: true }]);
    expect(textOf(status)).toContain('web serves nobody: 2 ready, of these 2 DOWN or NOLB');
    expect(told(status)).toEqual([
      { level: 'look', code: 'nobody-serves', loadBalancers: [LB1] },
      { level: 'note', code: 'down-though-passing', loadBalancers: [LB1] },
      { level: 'note', code: 'down-though-passing', loadBalancers: [LB1] },
    ]);
    expect(fleetStatus(status)).toBe(3);
  });

  it('are served where a server that is no slot serves alone', async () => {
    const haproxy = haproxyFor(config, 4).addRange('web', 'sorry', 1);
    Object.assign(haproxy.server('web', 'sorry1'), { address: '10.0.0.9', port: 80, state: 'ready' });
    const status = await lookedAt(haproxy, memoryCatalog(ROWS));
    expect(status.loadBalancers[0]?.pools).toMatchObject([{ ready: 0, serving: 0, unserved: false }]);
    expect(fleetStatus(status)).toBe(0);
  });

  it('serve nobody where Consul has somebody and HAProxy is empty, and want no look where Consul has nobody', async () => {
    expect(fleetStatus(await lookedAt(haproxyFor(config, 4), memoryCatalog(ROWS)))).toBe(3);
    expect(fleetStatus(await lookedAt(haproxyFor(config, 4), memoryCatalog()))).toBe(0);
  });

  it('name slots in drain for nobody, and those in drain for somebody as worth knowing', async () => {
    const haproxy = await served();
    const slots = [...(haproxy.backends.get('web') ?? [])].filter(([, { state }]) => state === 'ready');
    for (const [, server] of slots) server.state = 'drain';
    const gone = slots.find(([, { address }]) => address === '10.0.0.2')?.[0];
    const status = await lookedAt(haproxy, memoryCatalog([row()]));
    expect(status.loadBalancers[0]?.pools).toMatchObject([{ held: 2, heldForNobody: [gone] }]);
    expect(textOf(status)).toContain(
      `web/${gone} is held in drain for nobody; iri-lb undrain web/${gone} ends it`,
    );
    expect(told(status).filter(({ code }) => code.startsWith('held'))).toEqual([
      { level: 'look', code: 'held-for-nobody', loadBalancers: [LB1] },
      { level: 'note', code: 'held', loadBalancers: [LB1] },
    ]);
    expect(fleetStatus(status)).toBe(3);
  });

  it('name who is left out for want of a slot', async () => {
    const status = await lookedAt(haproxyFor(config, 1), memoryCatalog(ROWS));
    expect(status.loadBalancers[0]?.pools[0]?.unplaced).toHaveLength(1);
    expect(told(status)).toContainEqual({ level: 'look', code: 'slots-taken', loadBalancers: [LB1] });
    expect(fleetStatus(status)).toBe(3);
  });
});

describe('a slot', () => {
  it("has HAProxy's own since, check, load and errors", async () => {
    const reword = withDetails({
      ...{ lastchg: 240, check_status: 'L4CON', last_chk: 'Connection refused', rate: 3 },
    });
    const status = await lookedAt(await served(), memoryCatalog(ROWS), (answer) =>
      reword(answer).replaceAll(',UP,', ',DOWN,'),
    );
    expect(status.loadBalancers[0]?.slots[0]).toMatchObject({
      since: { seconds: 240, source: 'haproxy' },
      check: { status: 'L4CON', words: 'Connection refused' },
      ...{ running: 0, queued: 0, rate: 3, errors: { connect: 0, response: 0, retries: 0 } },
    });
    expect(textOf(status)).toMatch(
      /passes in Consul, and HAProxy has it DOWN in web\/s\d for 4 min: L4CON \(Conn/,
    );
  });

  it.each([
    ['DRAIN', 240],
    ['DOWN', null],
  ])('in drain that HAProxy shows as %s is in drain since %s', async (word, seconds) => {
    const haproxy = await served();
    for (const [, server] of haproxy.backends.get('web') ?? []) server.state = 'drain';
    const reword = withDetails({ lastchg: 240 });
    const status = await lookedAt(haproxy, memoryCatalog(ROWS), (answer) =>
      reword(answer).replaceAll(',DRAIN,', `,${word},`),
    );
    const [slot] = status.loadBalancers[0]?.slots ?? [];
    expect(slot).toMatchObject({
      ...{ state: 'drain', status: word },
      since: seconds === null ? null : { seconds, source: 'haproxy' },
    });
  });

  it('has no since where HAProxy does not say one', async () => {
    const status = await lookedAt(await served(), memoryCatalog(ROWS));
    expect(status.loadBalancers[0]?.slots[0]).toMatchObject({ since: null, check: null });
  });
});

describe('what is pending', () => {
  it('is told once where it is the same on several load balancers', async () => {
    const fleet = [haproxyFor(config, 4), haproxyFor(config, 4)];
    const { pending } = await fleetOf(fleet, memoryCatalog(ROWS));
    expect(pending).toMatchObject({ count: 2, unknownOn: [] });
    expect(pending.changes.map(({ action, loadBalancers }) => [action, loadBalancers])).toEqual([
      ['add', [LB1, LB2]],
      ['add', [LB1, LB2]],
    ]);
  });

  it('is not known of a load balancer that is down, nor of any without Consul', async () => {
    const down = new HAProxyError(LB2, 'connect', 'connect ECONNREFUSED', 'is it up?');
    const one = await fleetOf([await served(), down], memoryCatalog(ROWS));
    expect(one.pending).toEqual({ count: 0, changes: [], unknownOn: [LB2] });
    expect(textOf(one)).toContain(`nothing pending (not known of 10.9.0.2)`);
    const refused = Object.assign(memoryCatalog(ROWS), {
      readService: () => Promise.reject(new Error('no')),
    });
    const none = await fleetOf([await served(), down], refused);
    expect(none.pending).toEqual({ count: null, changes: [], unknownOn: [LB1, LB2] });
    expect(textOf(none)).toContain('what is pending is not known');
  });
});

describe('a load balancer that cannot be read', () => {
  it.each([
    ['down', 'connect', 'connect ECONNREFUSED'],
    ['busy', 'no-prompt', 'no prompt within 3000 ms'],
  ] as const)('is a row that says that it is %s, and fails', async (state, kind, detail) => {
    const error = new HAProxyError(LB2, kind, detail, 'is it up?');
    const status = await fleetOf([await served(), error], memoryCatalog(ROWS));
    expect(status.loadBalancers[1]).toMatchObject({ address: LB2, state, slots: [], pools: [] });
    expect(textOf(status)).toContain(`${LB2} is ${state}, what it holds is not known: ${detail}; is it up?`);
    expect(told(status)).toEqual([{ level: 'failed', code: `load-balancer-${state}`, loadBalancers: [LB2] }]);
    expect(textOf(status)).not.toContain('Needs a look');
    expect(fleetStatus(status)).toBe(1);
  });

  it('leaves the rows of the other complete', async () => {
    const error = new HAProxyError(LB1, 'connect', 'refused', 'is it up?');
    const status = await fleetOf([error, await served()], memoryCatalog(ROWS));
    expect(status.loadBalancers[1]?.slots).toHaveLength(2);
    expect(textOf(status)).toMatch(/n1\/iri-1 +serving +passing/);
  });
});

it('load balancers that differ want a look, each difference once', async () => {
  const [one, two] = [await served(), await served()];
  const [name = ''] = [...(two.backends.get('web') ?? [])].find(([, { state }]) => state === 'ready') ?? [];
  two.server('web', name).weight = 9;
  const status = await fleetOf([one, two], memoryCatalog(ROWS));
  expect(status.differences).toHaveLength(1);
  expect(told(status)).toContainEqual({ level: 'look', code: 'differs', loadBalancers: [] });
  expect(fleetStatus(status)).toBe(3);
});

it('lists every instance with where it leads and who selects it', async () => {
  const critical = row({ id: 'iri-3', address: '10.0.0.3', status: 'critical' });
  const { instances } = await lookedAt(await served(), memoryCatalog([...ROWS, critical]));
  expect(instances).toHaveLength(3);
  expect(instances?.[2]).toEqual({
    ...{ instance: 'n1/iri-3', service: 'iri', health: 'critical', address: '10.0.0.3:14265' },
    ...{ leadsTo: ['10.0.0.3:14265'], backends: ['web'] },
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
  ])('%s is said once, is not taken for nobody, and fails', async (_what, answer, words) => {
    const status = await lookedAt(await served(), Object.assign(memoryCatalog(ROWS), answer));
    expect(status.consul.error).toMatch(words);
    expect(textOf(status)).toMatch(/Consul: not known|which cannot be believed to be all/);
    expect(told(status).filter(({ level }) => level === 'failed')).toEqual([
      { level: 'failed', code: 'consul-unread', loadBalancers: [] },
    ]);
    expect(textOf(status)).toMatch(/web +tcp\S+ +2 +2 /);
    expect(fleetStatus(status)).toBe(1);
  });

  it('leaves unknown what only Consul can tell', async () => {
    const status = await lookedAt(
      await served(),
      Object.assign(memoryCatalog(ROWS), { readService: refused }),
    );
    expect(status).toMatchObject({ consul: { instances: null, index: null }, instances: null });
    expect(status.loadBalancers[0]?.pools).toMatchObject([{ ready: 2, free: null, unplaced: null }]);
    expect(textOf(status)).not.toMatch(/0 instances|nobody/);
  });
});

it("shows HAProxy's version and states without what a terminal would act on", async () => {
  const status = await lookedAt(await served(), memoryCatalog(ROWS), (answer) =>
    answer.replace('3.0.0', '3.0\u001b[2J\u009b0m\u202e').replaceAll(',UP,', ',DOWN\u009b1m,'),
  );
  expect(textOf(status)).toContain('HAProxy 3.0\\u001b[2J\\u009b0m\\u202e, up');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(textOf(status).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});
