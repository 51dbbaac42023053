// One pool on a real HAProxy, a catalog held in memory, and nodes that answer their own address.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { type MinimalBackend, minimalConfig } from '../../infra/local/minimal-cfg.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { readSettings } from '../../lib/config/environment.js';
import { makeSource } from '../../lib/consul/source.js';
import type { LoadBalancerReport, Report } from '../../lib/model/report.js';
import type { Connect, RuntimeConnection } from '../../lib/model/runtime.js';
import type { Source } from '../../lib/model/source.js';
import { makeRunner } from '../../lib/run/runner.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { type MemoryCatalog, memoryCatalog } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

export interface RealPool {
  readonly harness: Harness;
  readonly haproxy: HAProxy;
  readonly catalog: MemoryCatalog;
  readonly nodePort: number;
  /** Makes Consul list these nodes (`127.0.7.N`), all with this weight, as of now. */
  list(nodes: readonly number[], weight?: number): void;
  /** One run; `meanwhile` is done while the catalog is read. */
  apply(meanwhile?: () => Promise<void>): Promise<Report & { readonly only: LoadBalancerReport }>;
  /** Has the next addresses that are set show one look late; `meanwhile` is done before they do. */
  delayAddresses(meanwhile: () => Promise<void>): void;
  /** `slot address state` of each slot that is not in maintenance, with its administrative state's bits. */
  slots(): Promise<{ readonly slot: string; readonly address: string; readonly admin: number }[]>;
  /** The answer of whoever serves. */
  get(agent?: http.Agent, path?: string): Promise<{ readonly status: number; readonly body: string }>;
}

export interface PoolOptions extends Partial<MinimalBackend> {
  readonly slots: number;
  /** How long a node takes to answer, in milliseconds; `/now` is answered at once. */
  readonly answerMs?: number;
  readonly nodes?: number;
}

export async function startRealPool(options: PoolOptions): Promise<RealPool> {
  const { slots, answerMs = 5, nodes = 24, ...backend } = options;
  const harness = await startHarness();
  const [adminPort, front] = [await harness.freePort(), await harness.freePort()];
  const nodePort = await startNodes(harness, nodes, answerMs);
  const web = { name: 'web', port: front, ranges: [{ prefix: 's', slots }], ...backend };
  const haproxy = await startHAProxy(harness, {
    config: minimalConfig({ backends: [web], adminPort }),
    adminPort,
  });
  const pools = [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's' }] }];
  const runner = makeRunner(
    readSettings({
      HAPROXY_ADDRESSES: haproxy.admin,
      LB_CONFIG: JSON.stringify({ pools, networks: LOCAL_NETWORKS }),
    }),
  );
  const { connect } = runner.deps;
  let late: (() => Promise<void>) | undefined;
  Object.assign(runner.deps, {
    connect: async (...args: Parameters<Connect>): Promise<RuntimeConnection> => {
      const connection = await connect(...args);
      const send: RuntimeConnection['send'] = async (lines, early) => {
        const meanwhile = lines.some((line) => line.includes(' addr ')) ? late : undefined;
        if (!meanwhile) return connection.send(lines, early);
        late = undefined;
        const [before = ''] = await connection.send(['show servers state web']);
        const answers = await connection.send(lines, early);
        await meanwhile();
        return answers.map((answer, at) => (lines[at]?.startsWith('show ') ? before : answer));
      };
      return { name: connection.name, send, close: () => connection.close() };
    },
  });
  const catalog = memoryCatalog();
  const source = makeSource({ client: catalog, clock: systemClock });
  return {
    harness,
    haproxy,
    catalog,
    nodePort,
    list(numbers, weight = 1) {
      catalog.rows = numbers.map((number) =>
        row({
          id: `n${number}`,
          address: addressOf(number),
          port: nodePort,
          tags: [`haproxy.weight=${weight}`],
        }),
      );
    },
    async apply(meanwhile) {
      const read: Source['read'] = async (...args) => {
        const reading = await source.read(...args);
        await meanwhile?.();
        return reading;
      };
      const report = await runner.run({ mode: 'apply', source: { read } });
      const [only] = report.loadBalancers;
      if (!only) throw new Error('no load balancer in the report');
      return { ...report, only };
    },
    delayAddresses(meanwhile) {
      late = meanwhile;
    },
    async slots() {
      const lines = (await haproxy.query('show servers state web')).split('\n').slice(2);
      return lines
        .filter((line) => line.trim() !== '')
        .map((line) => line.split(' '))
        .map((fields) => ({
          slot: fields[3] ?? '',
          address: fields[4] ?? '',
          admin: Number(fields[6]),
        }));
    },
    get: (agent, path = '/') => get(front, agent, path),
  };
}

export const addressOf = (number: number): string => `127.0.7.${number}`;

async function startNodes(harness: Harness, count: number, answerMs: number): Promise<number> {
  const listen = async (number: number, port: number): Promise<number> => {
    const server = http.createServer((request, response) => {
      if (request.url === '/now') response.end(addressOf(number));
      else setTimeout(() => response.end(addressOf(number)), answerMs);
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, addressOf(number), resolve);
    });
    harness.onClose(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(1, 0);
  for (let number = 2; number <= count; number += 1) await listen(number, port);
  return port;
}

function get(port: number, agent: http.Agent | undefined, path: string) {
  return new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, ...(agent ? { agent } : {}) }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on('error', reject);
  });
}
