// The connection to the admin socket, against the real one and against everything else that may be there.
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { type ConnectOptions, connectRuntime } from '../../lib/haproxy/connection.js';
import { parseAdminAddress, type SocketAddress } from '../../lib/model/admin-address.js';
import { makeAnswerBudget } from '../../lib/model/memory.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';

const OPTIONS: ConnectOptions = {
  connectTimeoutMs: 5_000,
  promptTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  totalTimeoutMs: 30_000,
};
/** What answers the exchange of three lines with which a connection begins. */
const OPENING = ['\n> \n> \n> '];
const backends = [{ name: 'b', ranges: [{ prefix: 's', slots: 1_500 }] }];

let harness: Harness;
let haproxy: HAProxy;
let adminPort: number;

beforeAll(async () => {
  harness = await startHarness();
  adminPort = await harness.freePort();
  const unix = `stats socket ${join(harness.dir, 'operator.sock')} level operator`;
  const admin = `stats socket ${join(harness.dir, 'admin.sock')} level admin`;
  const exclusive = `stats socket ${join(harness.dir, 'exclusive.sock')} level admin maxconn 1`;
  const config = minimalConfig({ backends, adminPort, global: [unix, admin, exclusive, 'stats timeout 2s'] });
  haproxy = await startHAProxy(harness, { config, adminPort });
});
afterAll(() => harness.close());

function socketAddress(text: string): SocketAddress {
  const address = parseAdminAddress(text);
  if (!address || address.kind === 'consul') throw new Error(`not a socket: ${text}`);
  return address;
}

const connectTo = (text: string, options: Partial<ConnectOptions> = {}): Promise<RuntimeConnection> =>
  connectRuntime(socketAddress(text), { ...OPTIONS, ...options });

/** A TCP server that does `onSocket` with each client; gives its address. */
async function stranger(onSocket: (socket: net.Socket) => void): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  harness.onClose(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

describe('the real admin socket', () => {
  it('answers each command by its own answer, thousands in one exchange', async () => {
    const connection = await connectTo(haproxy.admin);
    const lines = Array.from({ length: 4_500 }, (_, at) =>
      at % 3 === 0
        ? `set server b/s${(at % 1500) + 1} weight ${at % 256}`
        : at % 3 === 1
          ? 'show info'
          : 'set server b/none weight 1',
    );
    const answers = await connection.send(lines);
    await connection.close();
    expect(answers).toHaveLength(lines.length);
    expect(answers.filter((_, at) => at % 3 === 0).every((answer) => answer === '')).toBe(true);
    expect(answers.filter((_, at) => at % 3 === 1).every((answer) => answer.includes('\nPid: '))).toBe(true);
    expect(new Set(answers.filter((_, at) => at % 3 === 2))).toEqual(new Set(['No such server.']));
  });

  it('lets in a second client only when the first has gone', async () => {
    const first = await connectTo(haproxy.admin);
    const order: string[] = [];
    const second = connectTo(haproxy.admin).then((connection) => {
      order.push('second is in');
      return connection;
    });
    await first.send(['show info']);
    order.push('first leaves');
    await first.close();
    await (await second).close();
    expect(order).toEqual(['first leaves', 'second is in']);
  });

  it('lets in eight clients one after the other, though a unix socket has no queue for as many', async () => {
    const address = `unix:${join(harness.dir, 'exclusive.sock')}`;
    const clients = Array.from({ length: 8 }, async () => {
      const connection = await connectTo(address);
      const [info = ''] = await connection.send(['show info']);
      await connection.close();
      return info.includes('Pid: ');
    });
    expect(await Promise.all(clients)).toEqual(Array(8).fill(true));
  });

  it('says that its queue is full to who has no time to wait', async () => {
    const address = `unix:${join(harness.dir, 'exclusive.sock')}`;
    const held = await connectTo(address);
    const patient = Array.from({ length: 2 }, () => connectTo(address));
    await expect(connectTo(address, { promptTimeoutMs: 300 })).rejects.toMatchObject({
      kind: 'no-prompt',
      message: expect.stringContaining('put "backlog 64" on its stats socket line'),
    });
    await held.close();
    for (const one of patient) await (await one).close();
  });

  it('names who may be in the way when the prompt does not come, in whole milliseconds', async () => {
    const first = await connectTo(haproxy.admin);
    await expect(connectTo(haproxy.admin, { promptTimeoutMs: 199.64 })).rejects.toMatchObject({
      kind: 'no-prompt',
      message: `haproxy ${haproxy.admin}: no prompt within 200 ms; is another client holding the socket, or is it no admin socket?`,
    });
    await first.close();
  });

  it('keeps the connection over its own stats timeout, since it sets one for itself', async () => {
    const connection = await connectTo(haproxy.admin);
    const [info = ''] = await connection.send(['show info']);
    const uptime = Number(/Uptime_sec: (\d+)/.exec(info)?.[1]);
    for (let now = uptime; now < uptime + 3; ) {
      const answer = await haproxy.query('show info');
      now = Number(/Uptime_sec: (\d+)/.exec(answer)?.[1]);
    }
    expect(await connection.send(['show info'])).toHaveLength(1);
    await connection.close();
  });

  it('is reached by its unix socket too', async () => {
    const connection = await connectTo(`unix:${join(harness.dir, 'admin.sock')}`);
    expect(await connection.send(['set server b/s1 weight 5'])).toEqual(['']);
    await connection.close();
  });

  it('refuses to send what is no plain command line', async () => {
    const connection = await connectTo(haproxy.admin);
    for (const line of ['', 'a;b', 'a\nb', 'a\r', 'a\\b', 'a <<', 'a\0b', ' a', 'ü', 'x'.repeat(1001)]) {
      await expect(connection.send(['show info', line])).rejects.toThrow('not a plain command line');
    }
    await connection.close();
  });

  it('fails when HAProxy dies in mid-exchange', async () => {
    const connection = await connectTo(haproxy.admin);
    const sent = connection.send(Array.from({ length: 50_000 }, () => 'show info'));
    const [outcome] = await Promise.all([sent.catch((error: unknown) => error), haproxy.restart()]);
    expect(outcome).toMatchObject({ kind: 'closed' });
    await expect(connection.send(['show info'])).rejects.toMatchObject({ kind: 'closed' });
    await connection.close();
  });
});

describe('what else may be at the address', () => {
  it('nobody', async () => {
    const port = await harness.freePort();
    await expect(connectTo(`tcp://127.0.0.1:${port}`)).rejects.toMatchObject({
      kind: 'connect',
      message: `haproxy tcp://127.0.0.1:${port}: cannot connect (connect ECONNREFUSED 127.0.0.1:${port}); is HAProxy up, with its admin socket there?`,
    });
  });

  it('an HTTP server', async () => {
    const server = http.createServer((_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    harness.onClose(() => server.close());
    const { port } = server.address() as net.AddressInfo;
    await expect(connectTo(`tcp://127.0.0.1:${port}`)).rejects.toMatchObject({
      kind: 'not-haproxy',
      message: expect.stringContaining('answered "HTTP/1.1 400 Bad Request'),
    });
  });

  it('a silent socket', async () => {
    const address = await stranger(() => {});
    await expect(connectTo(address, { promptTimeoutMs: 100 })).rejects.toMatchObject({
      kind: 'no-prompt',
    });
  });

  it('one that closes at once', async () => {
    const address = await stranger((socket) => socket.end());
    await expect(connectTo(address)).rejects.toMatchObject({
      kind: 'closed',
      message: expect.stringContaining('closed before its first prompt'),
    });
  });

  it('one that answers in part and falls silent, or closes', async () => {
    const silent = await stranger((socket) => {
      let prompts = 0;
      socket.on('data', () => socket.write(OPENING[prompts++] ?? 'Name: HAProxy\n'));
    });
    const connection = await connectTo(silent, { answerTimeoutMs: 100 });
    await expect(connection.send(['show info'])).rejects.toMatchObject({
      kind: 'timeout',
      message: `haproxy ${silent}: no answer to "show info" within 100 ms`,
    });
    const closing = await stranger((socket) => {
      let prompts = 0;
      socket.on('data', () =>
        prompts < 1 ? socket.write(OPENING[prompts++] ?? '') : socket.end('Name: HAProxy\n'),
      );
    });
    const other = await connectTo(closing);
    await expect(other.send(['show info'])).rejects.toMatchObject({
      kind: 'closed',
      message: `haproxy ${closing}: closed before the answer to "show info"`,
    });
  });

  it('one that answers without being asked', async () => {
    const address = await stranger((socket) => {
      socket.once('data', () => socket.write('\n> \n> \n> \n> '));
    });
    await expect(connectTo(address)).rejects.toMatchObject({ kind: 'not-haproxy' });
  });

  it('one that never ends its answers is given up at the total time', async () => {
    const address = await stranger((socket) => {
      let prompts = 0;
      socket.on('data', () => {
        if (prompts < 1) socket.write(OPENING[prompts++] ?? '');
        else setInterval(() => socket.write('\n> '), 20).unref();
      });
    });
    const connection = await connectTo(address, { totalTimeoutMs: 300 });
    await expect(connection.send(Array.from({ length: 10_000 }, () => 'show info'))).rejects.toMatchObject({
      kind: 'timeout',
      message: `haproxy ${address}: not done within 300 ms; given up`,
    });
  });

  it('one whose answer has no end is given up, by name, before memory is', async () => {
    const address = await stranger((socket) => {
      let prompts = 0;
      const flood = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
      };
      socket.on('data', () => (prompts < 1 ? socket.write(OPENING[prompts++] ?? '') : flood()));
      socket.on('drain', flood);
    });
    const connection = await connectTo(address, { budget: makeAnswerBudget(2 ** 23) });
    await expect(connection.send(['show info'])).rejects.toMatchObject({
      kind: 'too-large',
      message: `haproxy ${address}: the answer is too large: over 1 MB; is this HAProxy?`,
    });
  });

  it('answers cut into single bytes are put together', async () => {
    const address = await stranger((socket) => {
      socket.setNoDelay(true);
      const answers = ['\n> ', '\n> ', '\n> ', 'a\n\nb > c\n\n> ', '\n\n> '];
      let at = 0;
      socket.on('data', async (chunk) => {
        for (const _ of chunk.toString().matchAll(/\n/g)) {
          for (const byte of answers[at++] ?? '') await new Promise((resolve) => socket.write(byte, resolve));
        }
      });
    });
    const connection = await connectTo(address);
    expect(await connection.send(['one', 'two'])).toEqual(['a\n\nb > c', '']);
    await connection.close();
  });
});

describe('tls://', () => {
  it('says which certificates to look at when they do not match', async () => {
    await expect(
      connectTo(`tls://127.0.0.1:${adminPort}`, { tls: { key: 'no key at all', cert: 'no certificate' } }),
    ).rejects.toMatchObject({
      kind: 'connect',
      message: expect.stringContaining('HAPROXY_CLIENT_CERT'),
    });
    await expect(
      connectTo(`tls://127.0.0.1:${adminPort}`, { connectTimeoutMs: 2_000 }),
    ).rejects.toMatchObject({
      kind: 'connect',
    });
  });
});
