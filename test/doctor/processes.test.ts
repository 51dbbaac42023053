// Which process answers where: one that is named thrice, two that share a port, and two that only look like one.
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHAProxy } from '../../infra/local/haproxy.js';
import { areOneProcess, areSeveralProcesses, type Identity } from '../../lib/haproxy/identity.js';
import { fill, type Rig, startRig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

const portOf = (admin: string): number => Number(/\d+$/.exec(admin)?.[0]);

describe('one HAProxy', () => {
  it('that is named thrice is one, and has its "maxconn 1"', async () => {
    const found = await rig.findingsOn(
      (text) => text.replace(/stats socket 127\.0\.0\.1:/, 'stats socket 0.0.0.0:'),
      {
        addresses: ({ admin }) => [1, 2, 3].map((n) => `tcp://127.0.0.${n}:${portOf(admin)}`).join(),
      },
    );
    const bare = found.filter((line) => !/plain text/.test(line));
    expect(bare.map((line) => line.replace(/ \(pid.*/, ''))).toEqual([
      expect.stringMatching(/^warning haproxy tcp:\S+ is the same process as (?:LB|tcp:\S+)$/),
      expect.stringMatching(/^warning haproxy tcp:\S+ is the same process as (?:LB|tcp:\S+)$/),
    ]);
    expect(found.join()).not.toContain('maxconn');
  });
});

describe("the master's socket", () => {
  it('is told to be that', async () => {
    const port = await rig.harness.freePort();
    const lb = await startHAProxy(rig.harness, {
      config: `global\n  stats socket 127.0.0.1:${port} level admin maxconn 1\n`,
      adminPort: port,
      master: true,
    });
    const master = `unix:${join(dirname(lb.configFile), 'master.sock')}`;
    const found = await rig.findings({ ...rig.env, HAPROXY_ADDRESSES: master });
    await lb.stop();
    expect(found).toEqual([
      `error haproxy ${master}: is the socket of HAProxy's master process, which has no servers -> name a "stats socket" of the configuration, not the one of -S`,
    ]);
  });
});

describe('two HAProxy processes', () => {
  it('on one admin port are found', async () => {
    const first = await rig.startLoadBalancer();
    const port = portOf(first.admin);
    const second = await startHAProxy(rig.harness, {
      config: `global\n  stats socket 127.0.0.1:${port} level admin maxconn 1\n`,
      adminPort: port,
    });
    try {
      const old = async (): Promise<boolean> =>
        (
          await Promise.all(
            [first, second].map(async (one) =>
              Number(/^Uptime_sec: (\d+)/m.exec(await one.query('show info'))?.[1]),
            ),
          )
        ).every((s) => s >= 5);
      await second.child.until(old, { what: 'both to be older than a reload', timeoutMs: 20_000 });
      const found = await rig.findings({ ...rig.env, HAPROXY_ADDRESSES: first.admin });
      expect(found).toContainEqual(
        expect.stringMatching(
          /^error haproxy \S+: several HAProxy processes answer in turn \(pid \d+ .*, pid \d+ .*\)/,
        ),
      );
      expect(found.join()).not.toContain('maxconn 1');
    } finally {
      await second.stop();
      await first.stop();
    }
  });

  it('that have each pid 1, one host name and one second of birth are two', async () => {
    const twins = [await startDouble(10), await startDouble(10)];
    const addresses = twins.map(({ port }) => `tcp://127.0.0.1:${port}`);
    const found = await rig.findings({ ...rig.env, HAPROXY_ADDRESSES: addresses.join() });
    expect(found.join()).not.toContain('same process');
    for (const { close } of twins) close();
  });

  it('that have the same servers in other slots are told apart by that', async () => {
    const [a, b] = [await rig.startLoadBalancer(), await rig.startLoadBalancer()];
    await fill(a, 'iri_back/irisrv1', '10.0.0.1:14265');
    await fill(b, 'iri_back/irisrv2', '10.0.0.1:14265');
    const found = await rig.findings({ ...rig.env, HAPROXY_ADDRESSES: `${a.admin},${b.admin}` });
    await a.stop();
    await b.stop();
    expect(found.filter((line) => /slot/.test(line))).toEqual([
      expect.stringMatching(
        /^warning haproxy \S+ iri_back: 1 server in another slot than on \S+ \(10\.0\.0\.1:14265 in irisrv\d, there in irisrv\d\) -> .*srvkey addr/,
      ),
    ]);
  });
});

describe('reads of who answers', () => {
  const read = (connections: number, more: Partial<Identity> = {}): Identity => ({
    pid: 1,
    node: 'lb',
    startedAt: 1_000,
    uptimeSeconds: 100,
    stopping: false,
    connections,
    ...more,
  });

  it('are of one process where each has more connections than the last', () => {
    expect(areOneProcess([read(5), read(6), read(9)])).toBe(true);
  });

  it.each([
    ['counted apart', [read(5), read(5), read(6)]],
    ['counted apart, with a lead', [read(5), read(90), read(6)]],
    ['of another second', [read(5), read(6, { startedAt: 1_001 })]],
    ['of another host', [read(5), read(6, { node: 'other' })]],
  ])('are of two where they are %s', (_how, reads) => {
    expect(areOneProcess(reads)).toBe(false);
    expect(areSeveralProcesses(reads)).toBe(true);
  });

  it('are no two processes where connections are not counted at all', () => {
    expect(areSeveralProcesses([read(0), read(0), read(0)])).toBe(false);
  });

  it('are no two processes during a reload', () => {
    const young = { pid: 2, startedAt: 1_100, uptimeSeconds: 0 };
    expect(areSeveralProcesses([read(5), read(6), read(1, young), read(2, young)])).toBe(false);
    expect(
      areSeveralProcesses([read(5, { stopping: true }), read(1, young), read(6, { stopping: true })]),
    ).toBe(false);
  });
});

/** Answers like a HAProxy in a container, which counts its own connections only. */
async function startDouble(connections: number): Promise<{ readonly port: number; close(): void }> {
  let count = connections;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    const info = `Version: 3.2.9\nPid: 1\nUptime_sec: 100\nStart_time_sec: 1000\nnode: lb\nStopping: 0\nCumConns: ${count}`;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const line of data.toString().split('\n').slice(0, -1))
        socket.write(`${line === 'show info' ? info : line === 'show cli level' ? 'admin' : ''}\n\n> `);
    });
  });
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  return {
    port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
