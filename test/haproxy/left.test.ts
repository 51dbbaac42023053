// An answer that is given up while HAProxy is at it: what HAProxy then does with its admin socket, and what we hold.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import { parseAdminAddress } from '../../lib/model/admin-address.js';

/** How long HAProxy stands still, at most. */
const SECONDS = Number(process.env.STANDSTILL_SECONDS) || 5;
const OPTIONS = {
  connectTimeoutMs: 5_000,
  promptTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  totalTimeoutMs: 30_000,
};
const backends = [{ name: 'b', ranges: [{ prefix: 's', slots: 1_500 }] }];

let harness: Harness;
let haproxy: HAProxy;
beforeAll(async () => {
  harness = await startHarness();
  const adminPort = await harness.freePort();
  haproxy = await startHAProxy(harness, { config: minimalConfig({ backends, adminPort }), adminPort });
});
afterAll(() => harness.close());

const connect = (text: string, options: object = {}) => {
  const address = parseAdminAddress(text);
  if (!address || address.kind === 'consul') throw new Error(`not a socket: ${text}`);
  return connectRuntime(address, { ...OPTIONS, ...options });
};

/** The next client is let in, and is answered. */
async function expectFree(): Promise<void> {
  const next = await connect(haproxy.admin, { promptTimeoutMs: 20_000 });
  expect(await next.send(['show servers state b'])).toHaveLength(1);
  await next.close();
}

const LISTINGS = Array.from({ length: 20 }, () => 'show stat -1 -1 -1');
/** A process that asks for them, stops HAProxy at the first answer, and has nothing else to do. */
const GIVES_UP = `
  import { connectRuntime } from './lib/haproxy/connection.ts';
  const [host, port] = process.env.ADMIN.slice('tcp://'.length).split(':');
  const address = { kind: 'tcp', host, port: Number(port) };
  const connection = await connectRuntime(address, { ...JSON.parse(process.env.OPTIONS), answerTimeoutMs: 300 });
  const stop = (_, at) => at === 0 && process.kill(Number(process.env.PID), 'SIGSTOP');
  await connection.send(JSON.parse(process.env.LISTINGS), stop).catch(({ kind }) => console.log(kind));
  await connection.close();
`;
/** One that is answered in part, ten times, and prints how many bytes of that it still holds. */
const HOLDS = `
  import { connectRuntime } from './lib/haproxy/connection.ts';
  const address = { kind: 'tcp', host: '127.0.0.1', port: Number(process.env.PORT) };
  for (let time = 0; time < 10; time += 1) {
    const connection = await connectRuntime(address, { ...JSON.parse(process.env.OPTIONS), answerTimeoutMs: 500 });
    await connection.send(['show info']).catch(({ kind }) => kind === 'timeout' || console.log(kind));
    await connection.close();
  }
  // What is swept in between, by a thread of its own, counts until it is.
  for (let time = 0; time < 3; time += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.log(process.memoryUsage().arrayBuffers);
`;
const argsOf = (text: string): string[] => [
  ...['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval'],
  text,
];
const envOf = (more: Readonly<Record<string, string>>) => ({
  env: { ...process.env, OPTIONS: JSON.stringify(OPTIONS), LISTINGS: JSON.stringify(LISTINGS), ...more },
});

/** A server with HAProxy's prompt, and `answer` to the first command. */
async function prompting(answer: (socket: net.Socket) => void): Promise<{ port: number; open(): number }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    socket.once('data', () => {
      socket.write('\n> \n> \n> ');
      socket.once('data', () => answer(socket));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  harness.onClose(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, open: () => sockets.size };
}

describe('an admin socket on which a listing is given up', () => {
  it.each([0, SECONDS])(
    `is free as soon as HAProxy goes on, %d s later`,
    async (seconds) => {
      const connection = await connect(haproxy.admin, { answerTimeoutMs: 300 });
      const stop = (_: string, at: number) => void (at === 0 && haproxy.child.signal('SIGSTOP'));
      await expect(connection.send(LISTINGS, stop)).rejects.toMatchObject({ kind: 'timeout' });
      await connection.close();
      await pause(seconds * 1_000);
      haproxy.child.signal('SIGCONT');
      // Where we close, 2.6 and 3.0 keep that session, and let nobody in.
      await expectFree();
    },
    (SECONDS + 60) * 1_000,
  );

  it('is free, too, where the process had nothing else to do', async () => {
    const env = envOf({ ADMIN: haproxy.admin, PID: String(haproxy.pid) });
    const child: ChildProcess = spawn(process.execPath, argsOf(GIVES_UP), env);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let said = '';
    child.stdout?.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await waitFor(() => said !== '', { what: 'the listing to be given up', timeoutMs: 30_000 });
    haproxy.child.signal('SIGCONT');
    expect([said, await ended]).toEqual(['timeout\n', 0]);
    await expectFree();
  }, 60_000);
});

describe('a connection that is left to HAProxy', () => {
  it('holds nothing of what it was answered, and no process for long', async () => {
    const { port } = await prompting((socket) => socket.write(Buffer.alloc(4 * 1_048_576, 'x')));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      argsOf(HOLDS),
      envOf({ PORT: String(port) }),
    );
    // The last reads of Node's own are there, and not ten times 4 MB.
    expect(Number(stdout)).toBeLessThan(8 * 1_048_576);
  }, 60_000);

  it('is closed where there is no end of the answer', async () => {
    const { port, open } = await prompting((socket) => {
      const flood = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
      };
      socket.on('drain', flood);
      flood();
    });
    const connection = await connect(`tcp://127.0.0.1:${port}`, { totalTimeoutMs: 300 });
    await expect(connection.send(['show info'])).rejects.toMatchObject({ kind: 'timeout' });
    await connection.close();
    await waitFor(() => open() === 0, { what: 'the connection to be closed', timeoutMs: 60_000 });
  }, 90_000);
});
