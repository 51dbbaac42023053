// Slots whose nodes speak for themselves by an agent-check, and slots of nobody's, on a real HAProxy.
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { type Rig, startRig } from './rig.js';

const SLOTS = 2;
const agents = new Map<string, { says: string; asked: number; readonly server: Server }>();
let rig: Rig;
let agentPort: number;

beforeAll(async () => {
  agentPort = await agentOn('127.0.0.2', 0);
  await Promise.all(['127.0.0.3', '127.0.0.4'].map((address) => agentOn(address, agentPort)));
  rig = await startRig({
    backends: [
      {
        name: 'web',
        ranges: [{ prefix: 'web', slots: SLOTS }],
        lines: [`default-server agent-check agent-port ${agentPort} agent-inter 50ms weight 10`],
      },
      {
        name: 'tracking',
        ranges: [],
        lines: [
          'server master 127.0.0.9:1 check disabled',
          'server-template tr 1-2 slot.invalid:1 track tracking/master disabled',
        ],
      },
      {
        name: 'fixed',
        ranges: [],
        lines: ['server-template fx 1-2 slot.invalid:1 init-addr none disabled'],
      },
    ],
    env: {
      LB_CONFIG: JSON.stringify({
        networks: LOCAL_NETWORKS,
        pools: [
          { backend: 'web', service: 'web', ranges: [{ prefix: 'web' }], whenGone: 'empty' },
          { backend: 'tracking', service: 'tracking', ranges: [{ prefix: 'tr' }] },
          { backend: 'fixed', service: 'fixed', ranges: [{ prefix: 'fx' }] },
        ],
        haproxy: { iri: false },
      }),
    },
  });
});
afterAll(async () => {
  await rig.harness.close();
  for (const { server } of agents.values()) server.close();
});

async function agentOn(address: string, port: number): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const agent = agents.get(address);
    if (agent) agent.asked += 1;
    socket.end(`${agent?.says}\n`);
  });
  agents.set(address, { says: 'up', asked: 0, server });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : 0;
}

const register = (host: number) =>
  rig.consul.register({
    Name: 'web',
    ID: `w${host}`,
    Address: `127.0.0.${host}`,
    Port: 8080,
    Tags: ['haproxy.weight=10'],
  });

/** Has the node's agent say something, and waits until HAProxy lists what that comes to. */
async function says(host: number, words: string, listed: RegExp): Promise<void> {
  const agent = agents.get(`127.0.0.${host}`);
  if (!agent) throw new Error(`no agent on 127.0.0.${host}`);
  agent.says = words;
  // HAProxy asks again once it has dealt with an answer: none from before is under way then.
  const before = agent.asked;
  await waitFor(() => agent.asked >= before + 2, { what: 'the agent to be asked twice', timeoutMs: 10_000 });
  const shows = async (): Promise<boolean> => listed.test(await slotOf(host));
  await waitFor(shows, { what: `HAProxy to list ${listed} for what the agent says`, timeoutMs: 10_000 });
}

/** The rows of `show servers state web`, in its order, each by its columns. */
async function listed(): Promise<((column: string) => string | undefined)[]> {
  const [, header = '', ...rows] = (await rig.haproxy.query('show servers state web')).trim().split('\n');
  const names = header.slice(2).split(' ');
  return rows.map((row) => {
    const fields = row.split(' ');
    return (column) => fields[names.indexOf(column)];
  });
}

const FORCED_DRAIN = 8;
const nobodyDrains = async (): Promise<boolean> =>
  (await listed()).every((field) => (Number(field('srv_admin_state')) & FORCED_DRAIN) === 0);

/** `admin WEIGHT STATUS` of the slot at the node. */
async function slotOf(host: number): Promise<string> {
  const stat = (await rig.haproxy.query('show stat web 4 -1')).trim().split('\n').slice(1);
  for (const [index, field] of (await listed()).entries()) {
    if (field('srv_addr') !== `127.0.0.${host}`) continue;
    return `${field('srv_admin_state')} ${field('srv_uweight')} ${stat[index]?.split(',')[17]}`;
  }
  return 'nowhere';
}

const codesOf = (problems: readonly { readonly code: string }[]) => problems.map(({ code }) => code);

function allSay(words: string): void {
  for (const agent of agents.values()) agent.says = words;
}

describe('a node that speaks for itself', () => {
  beforeEach(async () => {
    allSay('up ready 100%');
    // An agent that has not been asked since still drains, and what a test has it say next may not end that.
    await waitFor(nobodyDrains, { what: 'every agent to take back its drain' });
    for (const host of [2, 3, 4]) await rig.consul.deregister(`w${host}`).catch(() => {});
    await rig.apply();
  });

  it.each([
    ['maint', /^5 10 MAINT/],
    ['down', /^4 10 DOWN \(agent\)/],
    ['50%', /^4 5 /],
    ['drain', /^12 10 DRAIN/],
  ])('by %s is left alone by runs, which say so, and serves again when it says so', async (words, listed) => {
    await register(2);
    await rig.apply();
    await says(2, words, listed);
    for (const _run of [1, 2]) {
      const { only } = await rig.apply();
      expect(only.changes).toEqual([]);
      expect(codesOf(only.problems)).toContain('held-by-agent');
    }
    expect(await slotOf(2)).toMatch(listed);
    await says(2, 'up ready 100%', /^4 10 /);
    expect((await rig.apply()).only).toMatchObject({ changes: [], pools: [{ ready: 1 }, {}, {}] });
  });

  it('by a percentage is started again after Consul had it critical, though nothing but a mark tells that', async () => {
    await register(2);
    await rig.apply();
    await says(2, '100%', /^4 10 /);
    await rig.consul.maintenance('w2', true);
    await rig.apply();
    expect(await slotOf(2)).toMatch(/^5 10 /);
    await rig.consul.maintenance('w2', false);
    expect((await rig.apply()).only.changes).toMatchObject([{ action: 'enable', after: { maxconn: 0 } }]);
    expect(await slotOf(2)).toMatch(/^4 10 /);
  });

  it('that drained and is gone leaves its slot to the next, as often as that happens', async () => {
    for (let time = 0; time < 2 * SLOTS; time += 1) {
      const host = 2 + (time % 3);
      const agent = agents.get(`127.0.0.${host}`);
      if (agent) agent.says = 'up ready';
      await register(host);
      const { only } = await rig.apply();
      expect(only.error).toBeUndefined();
      expect(only.pools[0]).toMatchObject({ ready: 1, unplaced: [] });
      await says(host, 'drain', /^12 /);
      await rig.consul.deregister(`w${host}`);
      await rig.apply();
    }
  });

  it('is held where its operator drained it, also when it is gone', async () => {
    await register(2);
    await rig.apply();
    allSay('up');
    await says(2, 'up', /^4 /);
    const listed = await rig.haproxy.query('show servers state web');
    const slot = / (\S+) 127\.0\.0\.2 /.exec(listed)?.[1] ?? '';
    await rig.haproxy.query(`set server web/${slot} state drain`);
    await rig.consul.deregister('w2');
    const { only } = await rig.apply();
    expect(only.pools[0]?.heldSlots).toEqual([{ slot, instance: null }]);
    await rig.haproxy.query(`set server web/${slot} state maint`);
  });
});

describe('slots of a real HAProxy that cannot be given to anybody', () => {
  it.each([
    ['tracking', 'tracking'],
    ['fixed', 'no-address'],
  ])('in backend %s leave an instance out, and the run says why', async (service, why) => {
    await rig.consul.register({ Name: service, ID: service, Address: '127.0.0.8', Port: 8080 });
    const { only } = await rig.apply();
    const leftOut = only.problems.filter((problem) => problem.code === 'slots-fixed');
    expect(leftOut).toMatchObject([{ backend: service, fixed: 2, slots: 2, why }]);
    await rig.consul.deregister(service);
  });
});
