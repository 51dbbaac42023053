// A reload as the drop-in does it, under load: nothing fails, and every server is there before any run.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSocket, type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { type RenderConfig, renderConfigSchema } from '../../lib/render/config.js';
import { renderHAProxy } from '../../lib/render/haproxy/render.js';
import { renderSystemd } from '../../lib/render/systemd/render.js';
import { startLoad } from './load.js';

const run = promisify(execFile);
const SERVERS = 50;

let harness: Harness;
let haproxy: HAProxy;
let config: RenderConfig;
let program: string;
let notified = 0;
let ports: readonly number[];
let frontPort: number;

beforeAll(async () => {
  harness = await startHarness();
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, () => serve((port, _, response) => response.end(String(port)))),
  );
  ports = servers.map((server) => server.port);
  const forwarder = await serve((_, request, response) => {
    if (request.method === 'POST' && request.url === '/notify') notified += 1;
    response.end();
  });

  frontPort = await harness.freePort();
  const adminPort = await harness.freePort();
  config = v.parse(renderConfigSchema, {
    pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 'srv', slots: SERVERS + 10 }] }],
    haproxy: {
      iri: false,
      limits: false,
      servers: { balance: 'leastconn' },
      frontend: { bind: `127.0.0.1:${frontPort}` },
      stats: false,
      process: { user: null, group: null },
      admin: { bind: `127.0.0.1:${adminPort}`, unix: join(harness.dir, 'people.sock'), read: null },
      log: { target: 'stderr' },
      stateFile: join(harness.dir, 'servers.state'),
    },
  });
  const files = renderSystemd(config, {
    home: harness.dir,
    forwarderUrl: `http://127.0.0.1:${forwarder.port}`,
  });
  program = join(harness.dir, 'haproxy-state');
  writeFileSync(program, files.find(({ path }) => path.endsWith('/haproxy-state'))?.text ?? '', {
    mode: 0o755,
  });

  await run(program, ['prepare']);
  haproxy = await startHAProxy(harness, { config: renderHAProxy(config), adminPort, master: true });
  await fill();
});
afterAll(() => harness.close());

/** Gives every server its own slot, weight and traffic. */
async function fill(): Promise<void> {
  for (const [index, port] of ports.entries()) {
    const slot = `web/srv${index + 1}`;
    await haproxy.query(`set server ${slot} addr 127.0.0.1 port ${port}`);
    await haproxy.query(`set server ${slot} weight ${(index % 9) + 1}`);
  }
  await waitFor(
    async () => (await readServers()).filter(({ address }) => address === '127.0.0.1').length === SERVERS,
    {
      what: 'the addresses to show',
    },
  );
  for (const index of ports.keys()) await haproxy.query(`set server web/srv${index + 1} state ready`);
}

async function serve(
  answer: (port: number, request: http.IncomingMessage, response: http.ServerResponse) => void,
): Promise<{ port: number }> {
  const server = http.createServer((request, response) => answer(port, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  harness.onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port };
}

interface Server {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: string;
  readonly inMaintenance: boolean;
}

/** The slots as HAProxy has them now, asked for on the socket for people. */
async function readServers(): Promise<Server[]> {
  const [, header = '', ...rows] = (
    await askSocket(join(harness.dir, 'people.sock'), 'show servers state web')
  )
    .trim()
    .split('\n');
  const names = header.replace(/^# /, '').split(' ');
  return rows.map((row) => {
    const field = new Map(row.split(' ').map((value, index) => [names[index], value]));
    return {
      name: field.get('srv_name') ?? '',
      address: field.get('srv_addr') ?? '',
      port: Number(field.get('srv_port')),
      weight: field.get('srv_uweight') ?? '',
      inMaintenance: (Number(field.get('srv_admin_state')) & 0x23) !== 0,
    };
  });
}

const readyServers = async (): Promise<Server[]> =>
  (await readServers()).filter(({ inMaintenance }) => !inMaintenance);

/** `systemctl restart`, with what the drop-in runs around it. */
async function startAgain(): Promise<void> {
  await run(program, ['save']);
  await run(program, ['prepare']);
  await haproxy.restart();
  await run(program, ['started']);
}

describe('a reload under load', { timeout: 120_000 }, () => {
  it('loses no request and no server: addresses, ports, weights and states are there at once', async () => {
    const before = await readServers();
    expect(before.filter(({ inMaintenance }) => !inMaintenance)).toHaveLength(SERVERS);
    const load = startLoad(frontPort, ports);
    await waitFor(() => load.answered() > 200, { what: 'load' });

    for (let reloads = 1; reloads <= 3; reloads += 1) {
      await run(program, ['reload', String(haproxy.pid)]);
      const seen = load.answered();
      load.forget();
      expect(await readServers()).toEqual(before);
      expect(notified).toBe(reloads);
      // The listing alone does not say where HAProxy connects to.
      await waitFor(() => load.answering().size === SERVERS && load.answered() > seen + 200, {
        what: 'an answer of every server after the reload',
        detail: load.failures,
      });
    }
    expect(await load.stop()).toEqual([]);
  });

  it('does not happen when the state cannot be saved', async () => {
    const pid = await haproxy.query('show info');
    await run(program, ['save']);
    const broken = join(harness.dir, 'broken');
    const text = readFileSync(program, 'utf8').replace(/^socket=.*$/m, 'socket=/nowhere.sock');
    writeFileSync(broken, text, { mode: 0o755 });
    await expect(run(broken, ['reload', String(haproxy.pid)])).rejects.toThrow(
      /no servers state from \/nowhere/,
    );
    expect(/^Pid: .*$/m.exec(await haproxy.query('show info'))?.[0]).toBe(/^Pid: .*$/m.exec(pid)?.[0]);
    expect(readFileSync(join(harness.dir, 'servers.state'), 'utf8')).toContain(' srv50 ');
    await run(program, ['started']);
  });

  it('keeps the servers over reloads that follow each other at once', async () => {
    const before = await readServers();
    for (let reloads = 1; reloads <= 10; reloads += 1) {
      await run(program, ['reload', String(haproxy.pid)]);
      expect(await readServers()).toEqual(before);
    }
  });
});

describe('the state program', () => {
  it('keeps the servers over a restart when the state is fresh', async () => {
    const before = await readServers();
    await startAgain();
    expect(await readServers()).toEqual(before);
  });

  it('starts empty from a state that is old: the addresses may be of others by now', async () => {
    await fill();
    await run(program, ['save']);
    const old = new Date(Date.now() - 6 * 60_000);
    utimesSync(join(harness.dir, 'servers.state'), old, old);
    await run(program, ['prepare']);
    await haproxy.restart();
    expect(await readyServers()).toEqual([]);
  });

  it.each([
    ['a reload', () => run(program, ['reload', String(haproxy.pid)])],
    ['a start', startAgain],
  ])('brings nothing back after %s at a reload that it does not make', async (_, begin) => {
    await fill();
    await begin();
    expect(await readyServers()).toHaveLength(SERVERS);
    // srv1 gets another owner; what was saved is no longer true.
    await haproxy.query('set server web/srv1 state maint');
    await haproxy.query(`set server web/srv1 addr 127.0.0.9 port ${ports[0]}`);
    await haproxy.reload();
    expect(await readyServers()).toEqual([]);
  });

  it('says how it is used, and what it could not reach', async () => {
    await expect(run(program, ['please'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^usage/),
    });
    const lonely = join(harness.dir, 'lonely');
    const text = readFileSync(program, 'utf8').replace(/http:\/\/127\.0\.0\.1:\d+/, 'http://127.0.0.1:1');
    writeFileSync(lonely, text.replace('--retry 2', '--retry 0'), { mode: 0o755 });
    const { stderr } = await run(lonely, ['notify']);
    expect(stderr).toMatch(/the forwarder was not reached; the next resync/);
    expect(existsSync(join(harness.dir, 'servers.state.new'))).toBe(false);
  });
});
