// What `option http-server-close` costs: requests a second, HAProxy's CPU and connections to servers, plain and TLS.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { Server } from 'node:net';
import { startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { type Part, type Row, rowBeside, rowOf } from './measure.js';

const REQUESTS = 2_000;
/** Clients that each send one request after the other on a connection that they keep. */
const CLIENTS = 8;
const WARM_UP_ROUNDS = 2;

interface Way {
  readonly what: string;
  readonly port: number;
  readonly connections: () => number;
}

interface Figures {
  readonly perSecond: number[];
  readonly cpuMs: number[];
  readonly connections: number[];
}

/** Each way once a round, in turn, so that none gains from what another has warmed. */
export async function benchKeepAlive(harness: Harness, runs: number): Promise<Part> {
  const { ways, pid } = await startWays(harness);
  const figures = new Map<string, Figures>(
    ways.map(({ what }) => [what, { perSecond: [], cpuMs: [], connections: [] }]),
  );
  for (let round = -WARM_UP_ROUNDS; round < runs; round += 1)
    for (let turn = 0; turn < ways.length; turn += 1) {
      const way = ways[(((round + turn) % ways.length) + ways.length) % ways.length];
      const own = way && figures.get(way.what);
      if (!own) continue;
      const [cpu, connections, from] = [cpuMsOf(pid), way.connections(), performance.now()];
      await load(way.port);
      if (round < 0) continue;
      own.perSecond.push((REQUESTS * 1_000) / (performance.now() - from));
      own.cpuMs.push(((cpuMsOf(pid) - cpu) * 1_000) / REQUESTS);
      own.connections.push(((way.connections() - connections) * 1_000) / REQUESTS);
    }
  return { title: `${REQUESTS} requests on ${CLIENTS} connections`, rows: rowsOf(figures) };
}

function rowsOf(figures: ReadonlyMap<string, Figures>): Row[] {
  return [...figures].flatMap(([what, own]) => {
    const closing = figures.get(what.replace('kept', 'closed')) ?? own;
    const beside = (row: Row, values: readonly number[], others: readonly number[]): Row =>
      closing === own ? row : rowBeside(row, values, 'closed', others);
    return [
      beside(rowOf(`${what}: requests`, 'a second', own.perSecond), own.perSecond, closing.perSecond),
      beside(rowOf(`${what}: HAProxy's CPU`, 'ms per 1,000', own.cpuMs), own.cpuMs, closing.cpuMs),
      rowOf(`${what}: connections`, 'per 1,000', own.connections),
    ];
  });
}

async function startWays(harness: Harness): Promise<{ readonly ways: Way[]; readonly pid: number }> {
  const certificate = await makeCertificate(harness.dir, 'server');
  const nodes = {
    plain: await startNode(harness, http.createServer()),
    TLS: await startNode(harness, https.createServer(certificate)),
  };
  const adminPort = await harness.freePort();
  const backends = [];
  const ways: Way[] = [];
  for (const [transport, node] of Object.entries(nodes))
    for (const kept of [false, true]) {
      const port = await harness.freePort();
      const tls = transport === 'TLS' ? ' ssl verify none' : '';
      const name = `${transport}_${kept ? 'kept' : 'closed'}`;
      const lines = [
        ...(kept ? [] : ['option http-server-close']),
        `server node 127.0.0.1:${node.port}${tls}`,
      ];
      backends.push({ name, port, ranges: [], lines });
      ways.push({ what: `${transport}, ${kept ? 'kept' : 'closed'}`, port, connections: node.connections });
    }
  const haproxy = await startHAProxy(harness, { config: minimalConfig({ backends, adminPort }), adminPort });
  return { ways, pid: haproxy.pid };
}

async function startNode(harness: Harness, server: http.Server | https.Server) {
  let count = 0;
  server.on('connection', () => {
    count += 1;
  });
  server.on('request', (_request: http.IncomingMessage, response: http.ServerResponse) => response.end('ok'));
  server.keepAliveTimeout = 60_000;
  const port = Number(new URL(await listenOnLoopback(server as http.Server, 0)).port);
  harness.onClose(() => closeServer(server as http.Server & Server));
  return { port, connections: () => count };
}

async function load(port: number): Promise<void> {
  let left = REQUESTS;
  const client = async (): Promise<void> => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (left > 0) {
      left -= 1;
      await get(port, agent);
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

function get(port: number, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
      response.resume().on('end', resolve);
    });
    request.on('error', reject);
  });
}

/** User and system time of a process, in milliseconds (proc(5): fields 14 and 15, in clock ticks). */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS;
}

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
