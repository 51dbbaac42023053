// One interactive connection to a HAProxy admin socket: commands pipelined, answers counted by prompts.
import type net from 'node:net';
import { printAdminAddress, type SocketAddress } from '../model/admin-address.js';
import { messageOf } from '../model/errors.js';
import { type AnswerBytes, UNBOUNDED } from '../model/memory.js';
import type { RuntimeConnection } from '../model/runtime.js';
import { quote, showMs } from '../model/text.js';
import { AnswerReader } from './answers.js';
import { isListing, isSafeLine } from './commands.js';
import { closedByHAProxy, HAProxyError, isKind, notHAProxy } from './errors.js';
import { type ConnectOptions, openInTurn } from './socket.js';

export type { ConnectOptions } from './socket.js';

/** There where this is a function's bundle: it is frozen when its run is over, and needs no loop to stay. */
declare const IRI_LB_FUNCTION: true | undefined;

/** 3.2.0 hangs for ever past 16 kB of unanswered commands (haproxy#3064): half of that, in bytes. */
export const WINDOW_BYTES = 8192;

/** A process that would end otherwise gives HAProxy so long to end what was given up, in milliseconds. */
const STAY_MS = 3_000;
/** More than any listing has, in bytes: whoever goes on for longer is no HAProxy. */
const MOST_LEFT_BYTES = 268_435_456;
/** After so long a silence TCP asks whether the other host is still there, in milliseconds. */
const SILENT_MS = 3_600_000;

type Early = (answer: string, index: number) => void;

interface Pending {
  readonly commands: readonly string[];
  readonly answers: string[];
  next: number;
  readonly early: Early | undefined;
  resolve(answers: string[]): void;
  reject(error: Error): void;
}

/**
 * Connects to an admin socket and waits for its first prompt. With `maxconn 1` on the socket, the
 * prompt comes when the client before us has gone, so holding the connection is holding the lock.
 * Throws HAProxyError of kind `connect`, `no-prompt`, `not-haproxy` or `closed`.
 */
export async function connectRuntime(
  address: SocketAddress,
  options: ConnectOptions,
): Promise<RuntimeConnection> {
  const name = printAdminAddress(address);
  const socket = await openInTurn(address, name, options);
  const connection = new Connection(socket, name, options);
  await connection.open();
  return connection;
}

class Connection implements RuntimeConnection {
  private readonly reader = new AnswerReader();
  private readonly bytes: AnswerBytes;
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
    this.bytes = (options.budget ?? UNBOUNDED).begin();
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('error', (error) =>
      this.fail(new HAProxyError(name, 'closed', `connection lost (${messageOf(error)})`)),
    );
    socket.on('close', () => this.fail(this.closedError()));
    const total = options.totalTimeoutMs;
    this.total = setTimeout(
      () => this.fail(new HAProxyError(name, 'timeout', `not done within ${showMs(total)}; given up`)),
      total,
    );
  }

  async open(): Promise<void> {
    const timeout = this.options.promptTimeoutMs;
    const silent = new HAProxyError(
      this.name,
      'no-prompt',
      `no prompt within ${showMs(timeout)}`,
      'is another client holding the socket, or is it no admin socket?',
    );
    const seconds = Math.ceil(this.options.totalTimeoutMs / 1000) + 1;
    // A socket line may say `severity-output number`, which puts `[6]: ` before answers.
    const settings = ['set severity-output none', `set timeout cli ${seconds}s`];
    await this.exchange(['prompt', ...settings], timeout, { late: silent });
  }

  send(commands: readonly string[], early?: Early): Promise<string[]> {
    for (const line of commands) {
      if (!isSafeLine(line)) {
        return Promise.reject(
          new HAProxyError(this.name, 'misuse', `refused to send ${quote(line)}: not a plain command line`),
        );
      }
    }
    const timeout = this.options.answerTimeoutMs;
    return this.exchange(commands, timeout, { early });
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    clearTimeout(this.total);
    this.bytes.end();
    // It is closed then, or left to HAProxy.
    if (this.failure) return;
    this.failure = new HAProxyError(this.name, 'closed', 'closed by us');
    // All answers were read, so nothing can be lost: close at once, and wait until it is.
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.socket.end();
    this.socket.destroySoon();
    await closed;
  }

  private exchange(
    commands: readonly string[],
    timeoutMs: number,
    { late, early }: { readonly late?: Error; readonly early?: Early | undefined },
  ): Promise<string[]> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.pending) return Promise.reject(new HAProxyError(this.name, 'misuse', 'one exchange at a time'));
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise<string[]>((resolve, reject) => {
      this.pending = { commands, answers: [], next: 0, early, resolve, reject };
      this.restartTimer(timeoutMs, late);
      this.fillWindow();
    });
  }

  private restartTimer(timeoutMs: number, late?: Error): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const command = this.pending?.commands[this.pending.answers.length] ?? '';
      this.fail(
        late ??
          new HAProxyError(
            this.name,
            'timeout',
            `no answer to ${quote(command)} within ${showMs(timeoutMs)}`,
          ),
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
      if (isListingUnderWay(pending)) break;
      const bytes = line.length + 1;
      if (this.inFlightBytes + bytes > WINDOW_BYTES) break;
      if (text.length + bytes > WINDOW_BYTES / 2) {
        // The other half while HAProxy is at work on this one: whoever is given all at once answers all at once.
        setImmediate(() => this.fillWindow());
        break;
      }
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
    try {
      this.bytes.hold(this.reader.held);
    } catch (error) {
      this.fail(new HAProxyError(this.name, 'too-large', messageOf(error), 'is this HAProxy?'));
      return;
    }
    if (!this.prompted && (answers[0] ?? this.reader.begun()).trim() !== '') {
      this.fail(notHAProxy(this.name, answers[0] ?? this.reader.begun()));
      return;
    }
    const pending = this.pending;
    if (answers.length === 0) return;
    if (!this.prompted) {
      this.prompted = true;
      this.restartTimer(this.options.answerTimeoutMs);
    }
    if (!pending || pending.answers.length + answers.length > pending.next) {
      this.fail(
        new HAProxyError(
          this.name,
          'not-haproxy',
          `answered ${quote(answers[0] ?? '', 60)} without being asked`,
        ),
      );
      return;
    }
    for (const answer of answers) {
      pending.answers.push(answer);
      this.inFlightBytes -= this.inFlight[pending.answers.length - 1] ?? 0;
    }
    const { early, answers: all } = pending;
    const isDone = all.length === pending.commands.length;
    // Half empty: few long writes instead of one for each handful of answers. HAProxy is at work while these are read.
    if (!isDone && this.inFlightBytes <= WINDOW_BYTES / 2) this.fillWindow();
    if (early) for (let at = all.length - answers.length; at < all.length; at += 1) early(all[at] ?? '', at);
    if (isDone) {
      clearTimeout(this.timer);
      this.pending = undefined;
      this.inFlight = [];
      this.inFlightBytes = 0;
      pending.resolve(pending.answers);
      return;
    }
    this.timer?.refresh();
  }

  private closedError(): HAProxyError {
    const command = this.pending?.commands[this.pending.answers.length];
    return closedByHAProxy(this.name, this.prompted, command);
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.bytes.end();
    clearTimeout(this.timer);
    clearTimeout(this.total);
    this.reader.forget();
    const pending = this.pending;
    this.pending = undefined;
    // It is HAProxy, and has more to say than is waited for.
    if (pending && this.prompted && isKind(error, 'timeout', 'too-large'))
      leave(this.socket, this.reader, pending.next - pending.answers.length);
    else this.socket.destroy();
    pending?.reject(error);
  }
}

/**
 * Nothing is sent behind a listing: where its client then goes (killed, say), a HAProxy until 3.0 keeps the session for
 * ever, and nobody else gets a socket with `maxconn 1` before a reload (2.6.12, 3.0.11). Alone or last it does no harm.
 */
const isListingUnderWay = ({ commands, answers, next }: Pending): boolean =>
  answers.length < next && isListing(commands[next - 1] ?? '');

/**
 * Lets HAProxy end so many answers, throws them away, and closes then: where a client goes in the middle of a large
 * listing, 3.2.26 runs in a circle until its watchdog ends the process. There is no time limit: a HAProxy that stands
 * still has not said anything yet.
 */
function leave(socket: net.Socket, reader: AnswerReader, answers: number): void {
  let left = answers;
  socket.on('data', (chunk: Buffer) => {
    left -= reader.read(chunk).length;
    reader.forget();
    if (left <= 0) socket.destroy();
  });
  if (typeof IRI_LB_FUNCTION !== 'undefined') {
    socket.unref();
    return;
  }
  socket.setKeepAlive(true, SILENT_MS);
  setTimeout(() => socket.unref(), STAY_MS).unref();
  let bytes = 0;
  socket.on('data', ({ length }: Buffer) => {
    bytes += length;
    if (bytes > MOST_LEFT_BYTES) socket.destroy();
  });
}
