// Opens the socket to a HAProxy admin address: TCP, mutual TLS or unix.
import net, { type LookupFunction } from 'node:net';
import tls from 'node:tls';
import type { TlsFiles } from '../config/reading.js';
import type { SocketAddress } from '../model/admin-address.js';
import { codeOf, messageOf } from '../model/errors.js';
import type { AnswerBudget } from '../model/memory.js';
import { showMs } from '../model/text.js';
import { connectionWords } from '../model/tls-words.js';
import { HAProxyError } from './errors.js';

export interface ConnectOptions {
  /** For the TCP and TLS handshakes, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** For the first prompt, in milliseconds: as long as another client may hold the socket. */
  readonly promptTimeoutMs: number;
  /** For each answer, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** For everything that is asked on this connection, in milliseconds; HAProxy is told it too (`set timeout cli`). */
  readonly totalTimeoutMs: number;
  /** Bounds what is answered; unbounded by default. */
  readonly budget?: AnswerBudget;
  /** Client certificate and authority for `tls://`. */
  readonly tls?: TlsFiles;
  /** Resolves a host name; as Node does by default. */
  readonly lookup?: LookupFunction;
}

/** Others wait for this unix socket already, as many as it lets wait. */
class QueueFullError extends HAProxyError {
  constructor(name: string) {
    super(
      name,
      'no-prompt',
      'others hold the socket and wait for it, as many as it takes',
      'put "backlog 64" on its stats socket line',
    );
  }
}

const UNREACHED = 'is it up and reachable?';
/** A full queue of a TCP socket, which is two clients with "maxconn 1", sounds like a host that is down (2.6.12). */
const UNREACHED_TCP = `${UNREACHED} Where clients hold it for long, put "backlog 64" on its stats socket line`;

/** Connects within `connectTimeoutMs`. Throws HAProxyError of kind `connect`, which names what to look at. */
export function openSocket(
  address: SocketAddress,
  name: string,
  { connectTimeoutMs, tls: files, lookup }: ConnectOptions,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const secure = address.kind === 'tls';
    let socket: net.Socket;
    try {
      const by = lookup ? { lookup } : {};
      if (address.kind === 'unix') socket = net.connect({ path: address.path });
      else if (!secure)
        socket = net.connect({ host: address.host, port: address.port, noDelay: true, ...by });
      else {
        const servername = net.isIP(address.host) === 0 ? address.host : '';
        socket = tls.connect({ host: address.host, port: address.port, servername, ...files, ...by });
        socket.setNoDelay(true);
      }
    } catch (error) {
      reject(
        new HAProxyError(
          name,
          'connect',
          `cannot use the certificates (${messageOf(error)})`,
          'check HAPROXY_CLIENT_CERT and HAPROXY_CLIENT_KEY',
        ),
      );
      return;
    }
    const fail = (detail: string, nextStep: string): void => {
      socket.destroy();
      reject(new HAProxyError(name, 'connect', detail, nextStep));
    };
    const timer = setTimeout(
      () => fail(`no connection within ${showMs(connectTimeoutMs)}`, secure ? UNREACHED : UNREACHED_TCP),
      connectTimeoutMs,
    );
    const failed = (error: Error): void => {
      clearTimeout(timer);
      if (codeOf(error) === 'EAGAIN') {
        reject(new QueueFullError(name));
        return;
      }
      fail(
        `cannot connect (${connectionWords(error)})`,
        codeOf(error) === 'ENOTFOUND'
          ? 'correct the name in HAPROXY_ADDRESSES, or the name server of this host'
          : secure
            ? 'is the gateway up, and do the certificates match?'
            : 'is HAProxy up, with its admin socket there?',
      );
    };
    socket.once('error', failed);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

/** How soon a unix socket whose queue is full is tried again, in milliseconds. */
const QUEUE_PAUSE_MS = 50;

/**
 * A unix socket refuses at once, with EAGAIN, whom its queue has no place for (`backlog`; without it HAProxy takes
 * `maxconn`): others wait for it, and so do we, as long as for a prompt.
 */
export async function openInTurn(
  address: SocketAddress,
  name: string,
  options: ConnectOptions,
): Promise<net.Socket> {
  const deadline = performance.now() + options.promptTimeoutMs;
  for (;;)
    try {
      return await openSocket(address, name, options);
    } catch (error) {
      if (!(error instanceof QueueFullError) || performance.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, QUEUE_PAUSE_MS));
    }
}
