// HAProxy as people configure it: names twice, backends that are missing, severity in answers, agents, late checks.
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeSource } from '../../lib/consul/source.js';
import { parseInfo } from '../../lib/haproxy/listings.js';
import type { LoadBalancerReport } from '../../lib/model/report.js';
import { makeRunner, type Runner } from '../../lib/run/runner.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { memoryCatalog } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const TEMPLATE = 'server-template s 1-4 slot.invalid:1 disabled';
const backend = (name: string, ...lines: readonly string[]): string =>
  [`backend ${name}`, 'default-server init-addr last,0.0.0.0', ...lines, TEMPLATE].join('\n  ');

let harness: Harness;
afterEach(() => harness.close());

interface Rig {
  readonly haproxy: HAProxy;
  readonly runner: Runner;
  readonly version: readonly number[];
  run(mode: 'apply' | 'plan', ...rows: readonly unknown[]): Promise<LoadBalancerReport>;
}

/** A HAProxy with these sections, and a pool for each of `backends`. */
async function start(
  sections: readonly string[],
  { backends = ['web'], socket = '', level = 'admin' } = {},
): Promise<Rig> {
  harness = await startHarness();
  const adminPort = await harness.freePort();
  const config = [
    `global\n  stats socket 127.0.0.1:${adminPort} level ${level} ${socket}`,
    'defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s',
    ...sections,
    '',
  ].join('\n');
  const haproxy = await startHAProxy(harness, { config, adminPort });
  const { version } = parseInfo(await haproxy.query('show info'));
  const pools = backends.map((name) => ({ backend: name, service: 'iri', ranges: [{ prefix: 's' }] }));
  const runner = makeRunner(
    readSettings({
      HAPROXY_ADDRESSES: haproxy.admin,
      LB_CONFIG: JSON.stringify({ pools, networks: LOCAL_NETWORKS }),
    }),
  );
  const run: Rig['run'] = async (mode, ...rows) => {
    const source = makeSource({ client: memoryCatalog(rows), clock: systemClock });
    const { loadBalancers } = await runner.run({ mode, source });
    if (!loadBalancers[0]) throw new Error('no load balancer in the report');
    return loadBalancers[0];
  };
  return { haproxy, runner, version: version.split('.').map(Number.parseFloat), run };
}

const isBefore = ([major = 0, minor = 0]: readonly number[], than: number): boolean =>
  major * 100 + minor < than;

it('a frontend of the same name, as HAProxy before 3.3 allows, hides no backend', async () => {
  const ports = await startHarness();
  const port = await ports.freePort();
  await ports.close();
  const frontend = `frontend web\n  bind 127.0.0.1:${port}\n  default_backend web`;
  const rig = await start([frontend, backend('web')]).catch(() => undefined);
  // From 3.3 on HAProxy refuses the configuration.
  if (!rig) return;
  const { outcome, pools } = await rig.run('apply', row());
  expect({ outcome, ready: pools[0]?.ready }).toEqual({ outcome: 'changed', ready: 1 });
});

describe('of two backends of which one', () => {
  it.each([
    { what: 'is not there', sections: [backend('one')], words: 'has no backend two' },
    { what: 'is disabled', sections: [backend('one'), backend('two', 'disabled')], words: 'two is disabled' },
  ])('$what, the other is served, and the run fails and names it', async ({ sections, words }) => {
    const rig = await start(sections, { backends: ['one', 'two'] });
    const { outcome, error, pools } = await rig.run('apply', row());
    expect(outcome).toBe('failed');
    expect(error).toContain(words);
    expect(pools.map(({ backend: name, ready }) => [name, ready])).toEqual([['one', 1]]);
  });
});

it('severity numbers in answers are switched off', async () => {
  const { run } = await start([backend('web')], { socket: 'severity-output number' });
  expect(await run('apply', row())).toMatchObject({ outcome: 'changed', changes: [{ result: 'done' }] });
});

it('plan says when apply could not write', async () => {
  const { run } = await start([backend('web')], { level: 'operator' });
  const { outcome, error, changes } = await run('plan', row());
  expect(outcome).toBe('failed');
  expect(error).toContain('level operator: apply could write nothing');
  expect(changes.map(({ result }) => result)).toEqual(['planned']);
});

it('a static balance takes no weight: a server serves with the one it has, and nothing is planned for it', async () => {
  const { run } = await start([backend('web', 'balance source')]);
  const heavy = row({ tags: ['haproxy.weight=9'] });
  expect(await run('apply', heavy)).toMatchObject({ outcome: 'changed', pools: [{ ready: 1 }] });
  const again = await run('apply', heavy);
  expect(again).toMatchObject({ outcome: 'unchanged', changes: [] });
  expect(again.warnings.join()).toContain('its balance is static');
  expect(await run('plan', heavy)).toMatchObject({ outcome: 'unchanged', changes: [] });
});

it("an agent's DOWN about the last node is not handed to the slot's next one", async () => {
  const agent: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('down\n');
  });
  await new Promise<void>((resolve) => agent.listen(0, '127.0.7.1', resolve));
  const { port } = agent.address() as { port: number };
  const { run, haproxy } = await start([
    `backend web\n  default-server init-addr last,0.0.0.0 agent-check agent-port ${port} agent-inter 100ms\n  server-template s 1-1 slot.invalid:1 disabled`,
  ]);
  const status = async (): Promise<string> =>
    (await haproxy.query('show stat web 4 -1')).split('\n')[1] ?? '';
  await run('apply', row({ id: 'sick', address: '127.0.7.1', port: 8080 }));
  await waitFor(async () => (await status()).includes('DOWN'), { what: 'the agent to say down' });
  agent.close();
  await run('apply', row({ id: 'next', address: '127.0.7.2', port: 8080 }));
  expect(await status()).not.toContain('DOWN');
});

it('who leaves waits for the first check of who comes, where servers start DOWN (3.1 and later)', async () => {
  const nodes = createServer((socket) => socket.on('error', () => socket.destroy()));
  await new Promise<void>((resolve) => nodes.listen(0, '127.0.7.1', resolve));
  const { port } = nodes.address() as { port: number };
  const more = createServer((socket) => socket.on('error', () => socket.destroy()));
  await new Promise<void>((resolve) => more.listen(port, '127.0.7.2', resolve));
  const check = (extra: string): string => `default-server check inter 300ms rise 2 ${extra}`;
  const rig = await start([backend('web', check('init-state down'))]).catch(() => undefined);
  if (rig && !isBefore(rig.version, 301)) {
    const serves = async (): Promise<boolean> =>
      (await rig.haproxy.query('show stat web 4 -1')).includes(',UP,');
    await rig.run('apply', row({ id: 'a', address: '127.0.7.1', port }));
    await waitFor(serves, { what: 'the first one to pass its checks' });
    let gap = false;
    let over = false;
    const watching = (async () => {
      while (!over) gap ||= !(await serves());
    })();
    expect(await rig.run('apply', row({ id: 'b', address: '127.0.7.2', port }))).toMatchObject({
      outcome: 'changed',
    });
    over = true;
    await watching;
    expect(gap).toBe(false);
  }
  nodes.close();
  more.close();
});

it('two processes on one admin port are found by the run that fills one of them', async () => {
  const { haproxy, run } = await start([backend('web')]);
  const second = await harness.spawn('haproxy', process.env.HAPROXY_BIN ?? 'haproxy', [
    '-db',
    '-f',
    haproxy.configFile,
  ]);
  const pids = new Set<string>();
  const { hostname, port } = new URL(haproxy.admin);
  const { connect } = await import('node:net');
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), hostname, () => socket.write('show info\n'));
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.once('error', reject);
      socket.once('close', () => resolve(/^Pid: (\d+)/m.exec(text)?.[1] ?? ''));
    });
  await second.until(async () => pids.add(await ask()).size === 2, { what: 'both processes to answer' });
  const errors: string[] = [];
  for (let at = 0; at < 30 && errors.length === 0; at += 1) {
    const { error } = await run('apply', row({ id: `n${at}`, address: `10.0.0.${at + 1}` }));
    if (error?.includes('two HAProxy processes')) errors.push(error);
  }
  expect(errors).toHaveLength(1);
});
