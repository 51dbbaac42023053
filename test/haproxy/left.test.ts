// A client that goes in the middle of an answer, however it goes: the next one gets the admin socket.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { connectRuntime } from '../../lib/haproxy/connection.js';
import { parseAdminAddress } from '../../lib/model/admin-address.js';

const OPTIONS = {
  connectTimeoutMs: 5_000,
  promptTimeoutMs: 15_000,
  answerTimeoutMs: 10_000,
  totalTimeoutMs: 30_000,
};
/** `large` is more than fits between HAProxy and its client, `medium` more than HAProxy's own buffer has room for. */
const SLOTS = { large: 4_000, medium: 50, small: 5 };
const backends = Object.entries(SLOTS).map(([name, slots]) => ({ name, ranges: [{ prefix: 's', slots }] }));

/** As a run has it: what is small, listings, and writes with listings behind them. */
const commandsFor = (name: string): string[] => [
  'show info',
  ...[name, 'small', name].flatMap((one) => [`show servers state ${one}`, `show stat ${one} 4 -1`]),
  ...Array.from({ length: 100 }, (_, at) => `set server ${name}/s${(at % 50) + 1} addr 10.0.1.${at} port 80`),
  ...[name, 'small'].map((one) => `show servers state ${one}`),
  'show info',
];
/** After how many of them: each at the begin, then a few of those that write, and the last listings. */
const AFTER = [0, 1, 2, 3, 4, 5, 6, 7, 57, 107, 108];

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
  const next = await connect(haproxy.admin);
  expect(await next.send(['show servers state small'])).toHaveLength(1);
  await next.close();
}

/** A process of its own: connects, has `before` answered, waits until HAProxy stands still, asks for the rest. */
const ASKS = `
  import { connectRuntime } from './lib/haproxy/connection.ts';
  const { port, options, before, rest } = JSON.parse(process.env.ASKED);
  const connection = await connectRuntime({ kind: 'tcp', host: '127.0.0.1', port }, options);
  await connection.send(before);
  process.stdout.write('in');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.destroy();
  const asked = connection.send(rest);
  process.stdout.write('asked');
  await asked.catch(({ kind }) => process.stdout.write(kind));
  await connection.close();
`;
/** One that is answered in part, ten times, and prints how many bytes of that it still holds. */
const HOLDS = `
  import { connectRuntime } from './lib/haproxy/connection.ts';
  const { port, options } = JSON.parse(process.env.ASKED);
  for (let time = 0; time < 10; time += 1) {
    const connection = await connectRuntime({ kind: 'tcp', host: '127.0.0.1', port }, options);
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
const node = (text: string, asked: object): [string, string[], { env: NodeJS.ProcessEnv }] => [
  process.execPath,
  ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', text],
  { env: { ...process.env, ASKED: JSON.stringify(asked) } },
];

/** Has a process ask while HAProxy stands still, until it has said `until`. */
async function askedStill(name: string, after: number, until: string, options: object = {}) {
  const commands = commandsFor(name);
  const port = Number(new URL(haproxy.admin).port);
  const [before, rest] = [commands.slice(0, after), commands.slice(after)];
  const child = spawn(...node(ASKS, { port, options: { ...OPTIONS, ...options }, before, rest }));
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  child.stderr.pipe(process.stderr);
  await waitFor(() => said === 'in', { what: 'the process to be let in', timeoutMs: 30_000 });
  haproxy.child.signal('SIGSTOP');
  child.stdin.write('go');
  await waitFor(() => said === `in${until}`, { what: until, timeoutMs: 30_000, detail: () => said });
  return child;
}

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

describe("the admin socket is the next client's", () => {
  it('as soon as HAProxy goes on, which stood still for longer than is waited for', async () => {
    const commands = commandsFor('large');
    for (const after of AFTER) {
      const connection = await connect(haproxy.admin, { answerTimeoutMs: 300 });
      await connection.send(commands.slice(0, after));
      haproxy.child.signal('SIGSTOP');
      await expect(connection.send(commands.slice(after))).rejects.toMatchObject({ kind: 'timeout' });
      await connection.close();
      haproxy.child.signal('SIGCONT');
      await expectFree();
    }
  }, 120_000);

  it.each([0, 1, 3])(
    'also where the process had nothing else to do (after %d)',
    async (after) => {
      const child = await askedStill('large', after, 'askedtimeout', { answerTimeoutMs: 300 });
      const ended = once(child, 'exit');
      haproxy.child.signal('SIGCONT');
      expect(await ended).toEqual([0, null]);
      await expectFree();
    },
    60_000,
  );

  it.each([0, 1, 3, 7, 107])(
    'also where it was killed (after %d)',
    async (after) => {
      const child = await askedStill('medium', after, 'asked');
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
      haproxy.child.signal('SIGCONT');
      await expectFree();
    },
    60_000,
  );
});

describe('a connection on which an answer is given up', () => {
  it('holds nothing of it, and no process for long', async () => {
    const { port } = await prompting((socket) => socket.write(Buffer.alloc(4 * 1_048_576, 'x')));
    const { stdout } = await promisify(execFile)(
      ...node(HOLDS, { port, options: { ...OPTIONS, answerTimeoutMs: 500 } }),
    );
    // Not ten times 4 MB.
    expect(Number(stdout)).toBeLessThan(8 * 1_048_576);
  }, 60_000);

  it('is closed where all that was asked is answered', async () => {
    const { port, open } = await prompting((socket) => {
      socket.write('half');
      setTimeout(() => socket.write(' an answer\n'), 400);
      setTimeout(() => socket.write('> '), 500);
    });
    const connection = await connect(`tcp://127.0.0.1:${port}`, { answerTimeoutMs: 200 });
    await expect(connection.send(['show info'])).rejects.toMatchObject({ kind: 'timeout' });
    await connection.close();
    expect(open()).toBe(1);
    await waitFor(() => open() === 0, { what: 'the connection to be closed' });
  });

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
