// Stand-in nodes: an HTTP or HTTPS server on loopback that answers as IRI does, or as any web server, with faults on demand.
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { printHostPort } from '../../lib/model/address.js';
import type { Fault } from './stand-in-answers.js';
import { newState, type StandInRequest, serveRequest } from './stand-in-requests.js';

export type { Fault } from './stand-in-answers.js';
export type { StandInRequest } from './stand-in-requests.js';

export interface StandInOptions {
  /** Stands in every answer: the header `X-Node-Name` and the field `node`. */
  readonly name: string;
  /** 127.0.0.1 by default; `::1` serves IPv6. Loopback only. */
  readonly host?: string;
  /** A free one by default. */
  readonly port?: number;
  readonly fault?: Fault;
  /** No IRI node: 200 to everything, 500 under the fault `error`. */
  readonly isWeb?: boolean;
  /** attachToTangle is answered, not refused with 401. Off by default, as on a public node. */
  readonly pow?: boolean;
  /** How long one attachToTangle with `trytes` takes; 0 by default. Without them IRI answers 400 at once. */
  readonly powMs?: number;
  /** How long any answer takes under the fault `slow`; 1500 by default. */
  readonly slowMs?: number;
  readonly appVersion?: string;
  readonly neighbors?: number;
  /** PEM text; makes it an HTTPS server. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface StandIn {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly requests: readonly StandInRequest[];
  readonly fault: Fault;
  /** From the next request on; also by `POST /_fault?name=unsynced` (`GET /_fault` lists them). */
  setFault(fault: Fault): void;
  /** The most requests of this command that were ever in the node at the same time. */
  peak(command: string): number;
  /** Nobody listens any more and every connection is cut, as when its process is killed. */
  close(): Promise<void>;
  /** Listens again, at the same port, after close(). */
  open(): Promise<void>;
}

/** Starts one node. Rejects when the port is taken or the host is not this machine's loopback. */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const { name, host = '127.0.0.1', port: wanted = 0, tls } = options;
  if (host !== '::1' && !/^127\.\d+\.\d+\.\d+$/.test(host)) {
    throw new Error(`stand-in ${name}: ${host} is not loopback; use 127.0.0.1 or ::1`);
  }
  const state = newState({
    name,
    isWeb: options.isWeb ?? false,
    pow: options.pow ?? false,
    powMs: options.powMs ?? 0,
    slowMs: options.slowMs ?? 1500,
    appVersion: options.appVersion ?? '1.5.6',
    neighbors: options.neighbors ?? 5,
    fault: options.fault ?? 'healthy',
  });
  const listener: RequestListener = (request, response) => {
    serveRequest(state, request, response).catch(() => response.destroy());
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('tlsClientError', () => undefined);
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, host, resolve);
    });
  await listen(wanted);
  const { port } = server.address() as AddressInfo;
  return {
    name,
    host,
    port,
    url: `${tls ? 'https' : 'http'}://${printHostPort(host, port)}`,
    requests: state.requests,
    get fault() {
      return state.fault;
    },
    setFault(next) {
      state.fault = next;
    },
    peak: (command) => state.peaks.get(command) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    open: () => listen(port),
  };
}
