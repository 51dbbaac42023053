// Two real HAProxies and a real Consul in which every cause that they can produce is there at once.
import { createServer as createHttp, get } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeRunner } from '../../lib/run/runner.js';

export interface WhyFleet {
  readonly harness: Harness;
  readonly consul: Consul;
  readonly haproxies: readonly [HAProxy, HAProxy];
  readonly env: Readonly<Record<string, string>>;
  /** A port of 127.0.0.1 at which nobody listens. */
  readonly closedPort: number;
  /** Of an application that answers nothing, so that requests to it go on. */
  readonly livePort: number;
  /** As HAPROXY_READ_ADDRESSES takes them. */
  readonly readers: readonly [string, string];
  /** A further admin socket of the second, for one client at a time; others may wait. */
  readonly heldAdmin: string;
}

const POOLS = [
  { backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] },
  { backend: 'small', service: 'small', ranges: [{ prefix: 'sm' }] },
  { backend: 'held', service: 'held', ranges: [{ prefix: 'he' }], whenGone: 'empty' },
  { backend: 'color', service: 'color', select: { color: ['blue'] }, ranges: [{ prefix: 'co' }] },
  { backend: 'gone', service: 'gone', ranges: [{ prefix: 'go' }] },
  { backend: 'rule', service: 'rule', select: { tier: ['gold'] }, ranges: [{ prefix: 'ru' }] },
  { backend: 'agent', service: 'agent', ranges: [{ prefix: 'ag' }] },
  { backend: 'probe', service: 'probe', ranges: [{ prefix: 'pr' }] },
  { backend: 'track', service: 'track', ranges: [{ prefix: 'tr' }] },
  { backend: 'fixed', service: 'fixed', ranges: [{ prefix: 'fx' }] },
  { backend: 'flight', service: 'flight', ranges: [{ prefix: 'fl' }] },
];

/** An instance on a node of its own: `n1/ID`. */
const on = (service: string, id: string, address: string, tags: readonly string[] = [], port = 80) => ({
  ...{ node: 'n1', service, id, address, port, tags: [...tags] },
});

export async function startWhyFleet(): Promise<WhyFleet> {
  const harness = await startHarness();
  try {
    return await prepared(harness);
  } catch (error) {
    await harness.close();
    throw error;
  }
}

async function prepared(harness: Harness): Promise<WhyFleet> {
  const ports: number[] = [];
  for (let at = 0; at < 7; at += 1) ports.push(await harness.freePort());
  const [adminA = 0, adminB = 0, readA = 0, readB = 0, front = 0, closedPort = 0, heldPort = 0] = ports;
  const agents = new Map<string, string>();
  const agentPort = await agentsOn(harness, agents, ['127.0.5.1', '127.0.5.2']);
  const livePort = await silentApplication(harness);
  const start = (adminPort: number, readPort: number, frontPort?: number): Promise<HAProxy> =>
    startHAProxy(harness, {
      adminPort,
      config: configFor({ adminPort, readPort, agentPort, heldPort, frontPort }),
    });
  const [consul, a, b] = await Promise.all([
    startConsul(harness),
    start(adminA, readA, front),
    start(adminB, readB),
  ]);
  const haproxies = [a, b] as const;
  const env = {
    CONSUL_HTTP_ADDR: consul.url,
    CONSUL_HTTP_TOKEN: consul.token,
    HAPROXY_ADDRESSES: `${a.admin},${b.admin}`,
    LB_CONFIG: JSON.stringify({
      pools: POOLS,
      networks: ['127.0.0.0/8'],
      haproxy: { iri: false },
    }),
  };
  const runner = makeRunner(readSettings(env));
  const reader = (port: number): string => `tcp://127.0.0.1:${port}`;
  const readers = [reader(readA), reader(readB)] as const;
  const fleet: WhyFleet = {
    harness,
    consul,
    haproxies,
    env,
    closedPort,
    livePort,
    readers,
    heldAdmin: reader(heldPort),
  };

  await allWell(fleet, agents);
  await runner.run({ mode: 'apply' });
  await requestThatGoesOn(harness, front, a);
  await turnsBad(fleet);
  await runner.run({ mode: 'apply' });
  await afterTheRun(fleet);
  agents.set('127.0.5.1', 'drain');
  agents.set('127.0.5.2', 'maint');
  await settled(fleet);
  return fleet;
}

interface Ports {
  readonly adminPort: number;
  /** Of a socket for those who only look. */
  readonly readPort: number;
  readonly agentPort: number;
  readonly heldPort: number;
  readonly frontPort: number | undefined;
}

const configFor = ({ adminPort, readPort, agentPort, heldPort, frontPort }: Ports): string =>
  minimalConfig({
    adminPort,
    global: [
      'stats timeout 5m',
      `stats socket 127.0.0.1:${readPort} level user`,
      // Of those that wait, more are let in than HAProxy's own two.
      ...(frontPort === undefined
        ? [`stats socket 127.0.0.1:${heldPort} level admin maxconn 1 backlog 64`]
        : []),
    ],
    backends: [
      { name: 'web', ranges: [{ prefix: 'web', slots: 24 }] },
      {
        name: 'flight',
        ranges: [{ prefix: 'fl', slots: 1 }],
        ...(frontPort === undefined ? {} : { port: frontPort }),
      },
      { name: 'small', ranges: [{ prefix: 'sm', slots: 1 }] },
      { name: 'held', ranges: [{ prefix: 'he', slots: 1 }] },
      { name: 'color', ranges: [{ prefix: 'co', slots: 2 }] },
      { name: 'gone', ranges: [{ prefix: 'go', slots: 2 }] },
      { name: 'rule', ranges: [{ prefix: 'ru', slots: 2 }] },
      {
        name: 'track',
        ranges: [],
        lines: [
          'server master 127.0.0.9:1 check',
          'server-template tr 1-2 slot.invalid:1 track track/master',
        ],
      },
      {
        name: 'fixed',
        ranges: [],
        lines: ['server-template fx 1-2 slot.invalid:1 init-addr none disabled'],
      },
      {
        name: 'agent',
        ranges: [{ prefix: 'ag', slots: 2 }],
        // The agents are in the process of the test, which is busy: they are waited for.
        lines: [
          'timeout check 1m',
          `default-server agent-check agent-port ${agentPort} agent-inter 200ms weight 1`,
        ],
      },
      {
        name: 'probe',
        ranges: [{ prefix: 'pr', slots: 2 }],
        lines: ['default-server check inter 50ms fastinter 50ms downinter 50ms rise 1 fall 1'],
      },
    ],
  });

/** Everybody that a run shall place. */
async function allWell({ consul, livePort }: WhyFleet, agents: Map<string, string>): Promise<void> {
  for (const address of agents.keys()) agents.set(address, 'up ready');
  await consul.catalogRegister([
    on('flight', 'flight', '127.0.0.1', [], livePort),
    on('web', 'ok', '127.0.1.1'),
    on('web', 'crit', '127.0.1.2'),
    on('web', 'drain', '127.0.1.3'),
    on('web', 'zero', '127.0.1.4', ['haproxy.weight=0']),
    on('web', 'badtag', '127.0.1.5', ['haproxy.weight=heavy', 'v1']),
    on('web', 'stale', '127.0.1.6'),
    on('web', 'left', '127.0.1.7'),
    on('web', 'shared-a', '127.0.1.8'),
    { ...on('web', 'shared-b', '127.0.1.8'), node: 'n2' },
    { ...on('web', 'dead', '127.0.1.9'), node: 'n3' },
    { ...on('web', 'disk', '127.0.1.10'), node: 'n4' },
    { ...on('web', 'nodemaint', '127.0.1.11'), node: 'n5' },
    on('web', 'light', '127.0.1.12'),
    on('web', 'pair-a', '127.0.1.13'),
    { ...on('web', 'pair-b', '127.0.1.13'), node: 'n6' },
    on('small', 'one', '127.0.2.1'),
    on('held', 'before', '127.0.2.2'),
    on('gone', 'last', '127.0.3.1'),
    on('rule', 'a', '127.0.3.2', ['haproxy.tier=gold']),
    on('rule', 'b', '127.0.3.3', ['haproxy.tier=gold']),
    on('track', 'tracks', '127.0.7.1'),
    on('fixed', 'nowhere', '127.0.7.2'),
    on('agent', 'drains', '127.0.5.1'),
    on('agent', 'maints', '127.0.5.2'),
    on('probe', 'old', '127.0.0.2', [], livePort),
  ]);
  await consul.register({ Name: 'web', ID: 'maint', Address: '127.0.1.20', Port: 80 });
}

/** What a run shall see. */
async function turnsBad({ consul, closedPort, haproxies }: WhyFleet): Promise<void> {
  await Promise.all(haproxies.map((haproxy) => haproxy.query('set server held/he1 state drain')));
  await consul.request('PUT', '/v1/agent/service/maintenance/maint?enable=true&reason=disk%20swap');
  await Promise.all([
    checkOf(consul, 'n1', 'crit', 'API', 'critical', 'HTTP GET http://127.0.1.2/: 503 Service Unavailable'),
    checkOf(consul, 'n1', 'flight', 'API', 'critical', 'it is full'),
    checkOf(consul, 'n1', 'shared-a', 'API', 'critical', ''),
    checkOf(consul, 'n3', '', 'serfHealth', 'critical', 'Agent not live or unreachable'),
    checkOf(consul, 'n4', '', 'disk', 'critical', 'CRITICAL: 99 % full\nof /'),
    checkOf(consul, 'n6', 'pair-b', '_service_maintenance', 'critical', '', 'being moved'),
    checkOf(consul, 'n5', '', '_node_maintenance', 'critical', '', 'kernel update'),
  ]);
  await consul.catalogDeregister([{ node: 'n1', id: 'before' }]);
  await consul.catalogRegister([
    on('small', 'two', '127.0.2.9'),
    on('held', 'after', '127.0.2.8'),
    on('color', 'red', '127.0.2.3', ['haproxy.color=blue']),
    on('probe', 'new', '127.0.0.3', [], closedPort),
    on('web', 'far', '10.9.9.9'),
    on('web', 'tls', '127.0.1.21', ['haproxy.scheme=https']),
    on('web', 'noport', '127.0.1.22', [], 0),
  ]);
}

/** What no run has seen yet. */
async function afterTheRun({ consul, haproxies }: WhyFleet): Promise<void> {
  await checkOf(consul, 'n1', 'stale', 'API', 'critical', '');
  await consul.catalogDeregister([
    { node: 'n1', id: 'left' },
    { node: 'n1', id: 'last' },
    { node: 'n1', id: 'old' },
  ]);
  await consul.catalogRegister([
    on('web', 'late', '127.0.1.30'),
    on('color', 'red', '127.0.2.3', ['haproxy.color=red']),
    on('color', 'plain', '127.0.2.4'),
    on('color', 'pink', '127.0.2.5', ['haproxy.color=pink']),
    on('rule', 'a', '127.0.3.2'),
    on('rule', 'b', '127.0.3.3'),
  ]);
  for (const haproxy of haproxies) {
    await haproxy.query(`set server web/${await slotAt(haproxy, 'web', '127.0.1.3')} state drain`);
    await haproxy.query(`set server web/${await slotAt(haproxy, 'web', '127.0.1.12')} weight 0`);
    await haproxy.query('set server track/master state maint');
  }
}

/** The name of the slot that has an address; throws where none has. */
async function slotAt(haproxy: HAProxy, backend: string, address: string): Promise<string> {
  const rows = (await haproxy.query(`show servers state ${backend}`))
    .split('\n')
    .map((row) => row.split(' '));
  const found = rows.find((row) => row[4] === address)?.[3];
  if (found === undefined) throw new Error(`no slot of ${backend} at ${address}`);
  return found;
}

/** Until HAProxy lists what its agents and its checks say. */
async function settled({ haproxies }: WhyFleet): Promise<void> {
  const wanted: readonly (readonly [string, RegExp])[] = [
    ['agent', /^agent,ag\d,.*,DRAIN.*,CHECKED,/m],
    ['agent', /^agent,ag\d,.*,MAINT,.*,CHECKED,/m],
    ['probe', /^probe,pr\d,.*,DOWN/m],
    ['probe', /^probe,pr\d,.*,UP,/m],
  ];
  for (const haproxy of haproxies)
    for (const [backend, words] of wanted)
      await waitFor(async () => words.test(await haproxy.query(`show stat ${backend} 4 -1`)), {
        what: `HAProxy to list ${words}`,
      });
}

/** Agents of nodes, which say what the map has of their address; the port. */
async function agentsOn(
  harness: Harness,
  says: Map<string, string>,
  hosts: readonly string[],
): Promise<number> {
  let port = 0;
  for (const host of hosts) {
    says.set(host, 'up');
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(`${says.get(host)}\n`);
    });
    port = await listening(harness, server, host, port);
  }
  return port;
}

/** An application at two addresses that takes requests and answers none; its port. */
async function silentApplication(harness: Harness): Promise<number> {
  let port = 0;
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    const server = createHttp(() => {});
    harness.onClose(() => server.closeAllConnections());
    port = await listening(harness, server, host, port);
  }
  return port;
}

async function listening(harness: Harness, server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  harness.onClose(() => server.close());
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : 0;
}

/** A request through the first load balancer that is not answered. */
async function requestThatGoesOn(harness: Harness, port: number, haproxy: HAProxy): Promise<void> {
  const request = get({ host: '127.0.0.1', port });
  request.on('error', () => {});
  harness.onClose(() => request.destroy());
  const runs = async (): Promise<boolean> =>
    /^flight,fl1,0,0,1,/m.test(await haproxy.query('show stat flight 4 -1'));
  await waitFor(runs, { what: 'a request that goes on' });
}

/** Takes a socket that lets in one client; resolves when it has the prompt. */
export async function holdSocket(harness: Harness, admin: string): Promise<Socket> {
  const { hostname, port } = new URL(admin);
  const socket = connect(Number(port), hostname);
  harness.onClose(() => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', () => resolve());
    socket.write('prompt\n');
  });
  return socket;
}

async function checkOf(
  consul: Consul,
  node: string,
  service: string,
  name: string,
  status: string,
  output: string,
  notes = '',
): Promise<void> {
  const check = {
    ...{ Node: node, CheckID: service === '' ? name : `${name}:${service}`, Name: name, Status: status },
    ...{ Output: output, Notes: notes, ServiceID: service },
  };
  await consul.request('PUT', '/v1/catalog/register', { Node: node, Address: '127.0.0.1', Check: check });
}
