// One interactive connection to a HAProxy admin socket: commands pipelined, answers counted by prompts.
import net from 'node:net';
import tls from 'node:tls';
import type { TlsFiles } from '../config/environment.js';
import { messageOf } from '../errors.js';
import type { RuntimeConnection, SocketAddress } from '../reconcile/ports.js';
import { quote } from '../text.js';
import { printAdminAddress } from './admin-address.js';
import { AnswerReader } from './answers.js';
import {
  AnswerTimeoutError,
  ConnectError,
  ConnectionClosedError,
  HAProxyError,
  NoPromptError,
  NotHAProxyError,
} from './errors.js';

/** 3.2.0 hangs for ever past 16 kB of unanswered commands (haproxy#3064): half of that, in bytes. */
export const WINDOW_BYTES = 8192;
/** A line of bufsize-1 bytes makes some versions print without end; ours are far below, in bytes. */
const MAX_LINE_BYTES = 1000;

export interface ConnectOptions {
  /** For the TCP and TLS handshakes, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** For the first prompt, in milliseconds: as long as another client may hold the socket. */
  readonly promptTimeoutMs: number;
  /** For each answer, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** For everything on this connection, in milliseconds; HAProxy is told it too (`set timeout cli`). */
  readonly totalTimeoutMs: number;
  /** Client certificate and authority for `tls://`. */
  readonly tls?: TlsFiles;
}

interface Pending {
  readonly commands: readonly string[];
  readonly answers: string[];
  next: number;
  resolve(answers: string[]): void;
  reject(error: Error): void;
}

/**
 * Connects to an admin socket and waits for its first prompt. With `maxconn 1` on the socket, the
 * prompt comes when the client before us has gone, so holding the connection is holding the lock.
 * Throws ConnectError, NoPromptError, NotHAProxyError or ConnectionClosedError.
 */
export async function connectRuntime(
  address: SocketAddress,
  options: ConnectOptions,
): Promise<RuntimeConnection> {
  const name = printAdminAddress(address);
  const socket = await openSocket(address, name, options);
  const connection = new Connection(socket, name, options);
  await connection.open();
  return connection;
}

class Connection implements RuntimeConnection {
  private readonly reader = new AnswerReader();
  private pending: Pending | undefined;
  private failure: Error | undefined;
  private prompted = false;
  private inFlight: number[] = [];
  private inFlightBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly total: NodeJS.Timeout;

  constructor(
    private readonly socket: net.Socket,
    readonly name: string,
    private readonly options: ConnectOptions,
  ) {
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('error', (error) =>
      this.fail(new ConnectionClosedError(name, `connection lost (${messageOf(error)})`)),
    );
    socket.on('close', () => this.fail(new ConnectionClosedError(name, this.closedText())));
    const total = options.totalTimeoutMs;
    this.total = setTimeout(
      () => this.fail(new AnswerTimeoutError(name, `not done within ${total} ms; given up`)),
      total,
    );
  }

  async open(): Promise<void> {
    const timeout = this.options.promptTimeoutMs;
    const silent = new NoPromptError(
      this.name,
      `no prompt within ${timeout} ms; is another client holding the socket, or is it no admin socket?`,
    );
    await this.exchange(['prompt'], timeout, silent);
    this.prompted = true;
    const seconds = Math.ceil(this.options.totalTimeoutMs / 1000) + 1;
    await this.send([`set timeout cli ${seconds}s`]);
  }

  send(commands: readonly string[]): Promise<string[]> {
    for (const line of commands) {
      if (!isSafeLine(line)) {
        return Promise.reject(
          new HAProxyError(this.name, `refused to send ${quote(line)}: not a plain command line`),
        );
      }
    }
    const timeout = this.options.answerTimeoutMs;
    return this.exchange(commands, timeout);
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    clearTimeout(this.total);
    this.failure ??= new ConnectionClosedError(this.name, 'closed by us');
    if (this.socket.destroyed) return;
    // All answers were read, so nothing can be lost: close at once, and wait until it is.
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.socket.end();
    this.socket.destroySoon();
    await closed;
  }

  private exchange(commands: readonly string[], timeoutMs: number, late?: Error): Promise<string[]> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.pending) return Promise.reject(new HAProxyError(this.name, 'one exchange at a time'));
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise<string[]>((resolve, reject) => {
      this.pending = { commands, answers: [], next: 0, resolve, reject };
      this.restartTimer(timeoutMs, late);
      this.fillWindow();
    });
  }

  private restartTimer(timeoutMs: number, late?: Error): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const command = this.pending?.commands[this.pending.answers.length] ?? '';
      this.fail(
        late ?? new AnswerTimeoutError(this.name, `no answer to ${quote(command)} within ${timeoutMs} ms`),
      );
    }, timeoutMs);
  }

  private fillWindow(): void {
    const pending = this.pending;
    if (!pending) return;
    let text = '';
    for (
      let line = pending.commands[pending.next];
      line !== undefined;
      line = pending.commands[pending.next]
    ) {
      const bytes = line.length + 1;
      if (this.inFlightBytes + bytes > WINDOW_BYTES) break;
      text += `${line}\n`;
      this.inFlightBytes += bytes;
      this.inFlight.push(bytes);
      pending.next += 1;
    }
    if (text !== '') this.socket.write(text, 'latin1');
  }

  private onData(chunk: Buffer): void {
    if (this.failure) return;
    const answers = this.reader.read(chunk);
    if (!this.prompted && (answers[0] ?? this.reader.begun()).trim() !== '') {
      const text = quote(answers[0] ?? this.reader.begun(), 60);
      this.fail(
        new NotHAProxyError(this.name, `answered ${text}, not a prompt; is this HAProxy's admin socket?`),
      );
      return;
    }
    const pending = this.pending;
    if (answers.length === 0) return;
    if (!pending || pending.answers.length + answers.length > pending.next) {
      this.fail(
        new NotHAProxyError(this.name, `answered ${quote(answers[0] ?? '', 60)} without being asked`),
      );
      return;
    }
    for (const answer of answers) {
      pending.answers.push(answer);
      this.inFlightBytes -= this.inFlight[pending.answers.length - 1] ?? 0;
    }
    if (pending.answers.length === pending.commands.length) {
      clearTimeout(this.timer);
      this.pending = undefined;
      this.inFlight = [];
      this.inFlightBytes = 0;
      pending.resolve(pending.answers);
      return;
    }
    this.restartTimer(this.options.answerTimeoutMs);
    this.fillWindow();
  }

  private closedText(): string {
    if (!this.prompted) return 'closed before its first prompt; is this the admin socket, and are we let in?';
    const at = this.pending?.commands[this.pending.answers.length];
    return at === undefined ? 'closed by HAProxy' : `closed before the answer to ${quote(at)}`;
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    clearTimeout(this.timer);
    clearTimeout(this.total);
    this.socket.destroy();
    const pending = this.pending;
    this.pending = undefined;
    pending?.reject(error);
  }
}

function isSafeLine(line: string): boolean {
  return (
    line.length > 0 &&
    line.length <= MAX_LINE_BYTES &&
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(line) &&
    !/[;\\]|<<$/.test(line)
  );
}

function openSocket(
  address: SocketAddress,
  name: string,
  { connectTimeoutMs, tls: files }: ConnectOptions,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const secure = address.kind === 'tls';
    let socket: net.Socket;
    try {
      if (address.kind === 'unix') socket = net.connect({ path: address.path });
      else if (!secure) socket = net.connect({ host: address.host, port: address.port, noDelay: true });
      else {
        const servername = net.isIP(address.host) === 0 ? address.host : '';
        socket = tls.connect({ host: address.host, port: address.port, servername, ...files });
        socket.setNoDelay(true);
      }
    } catch (error) {
      reject(
        new ConnectError(
          name,
          `cannot use the certificates (${messageOf(error)}); check HAPROXY_CLIENT_CERT and HAPROXY_CLIENT_KEY`,
        ),
      );
      return;
    }
    const fail = (detail: string): void => {
      socket.destroy();
      reject(new ConnectError(name, detail));
    };
    const timer = setTimeout(
      () => fail(`no connection within ${connectTimeoutMs} ms; is it up and reachable?`),
      connectTimeoutMs,
    );
    const failed = (error: Error): void => {
      clearTimeout(timer);
      fail(
        `cannot connect (${messageOf(error)}); ${secure ? 'is the gateway up, and do the certificates match?' : 'is HAProxy up, with its admin socket there?'}`,
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
