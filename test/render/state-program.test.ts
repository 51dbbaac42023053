// The state program where HAProxy's timing decides: a stand-in says which worker answers, and when.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { renderStateProgram } from '../../lib/render/systemd/state-program.js';

const run = promisify(execFile);
const STATE = '1\n# be_id be_name srv_id srv_name\n1 web 1 srv1\n\n';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

function install(name: string, socket: string, stateFile: string): string {
  const program = join(harness.dir, name);
  // Port 1: no forwarder; what it says of that is for people.
  const text = renderStateProgram({ socket, stateFile, forwarderUrl: 'http://127.0.0.1:1' });
  const impatient = text
    .replace('--retry 2', '--retry 0')
    .replaceAll('10 s', '1 s')
    .replaceAll('alarm 10', 'alarm 1');
  writeFileSync(program, impatient, { mode: 0o755 });
  return program;
}

/** Answers on a socket as HAProxy does; `nextPid` says who. */
const answerOn = (path: string, nextPid: () => string): Promise<void> =>
  listenOn(path, (socket, command) => {
    socket.end(command.startsWith('show info') ? `Name: HAProxy\nPid: ${nextPid()}\n` : STATE);
  });

async function listenOn(path: string, answer: (socket: net.Socket, command: string) => void): Promise<void> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (command) => answer(socket, command.toString()));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  harness.onClose(() => server.close());
}

it.each([
  ['asks for a token', 'Authorization: Bearer 0123456789abcdef\n', '0123456789abcdef'],
  ['asks for none', undefined, undefined],
])('tells a forwarder that %s', async (_, header, token) => {
  const heard: (string | undefined)[] = [];
  const server = http.createServer(({ headers }, response) => {
    heard.push(headers.authorization);
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  harness.onClose(() => server.close());
  const forwarderUrl = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  const forwarderHeader = join(harness.dir, header ? 'forwarder.header' : 'no.header');
  if (header) writeFileSync(forwarderHeader, header);
  const program = join(harness.dir, `notify-${token}`);
  const paths = { socket: join(harness.dir, 's'), stateFile: join(harness.dir, 'f') };
  writeFileSync(program, renderStateProgram({ ...paths, forwarderUrl, forwarderHeader }), { mode: 0o755 });
  expect(await run(program, ['notify'])).toEqual({ stdout: '', stderr: '' });
  expect(heard).toEqual([token && `Bearer ${token}`]);
});

it('keeps the state until the new worker answers, whichever of the old ones answer before', async () => {
  // A master with one worker, as after a reload whose old worker is not gone yet.
  const master = await harness.spawn('master', 'sh', ['-c', 'trap "" USR2; sleep 600 & echo $!; wait']);
  await master.until(async () => /^\d+\n/.test(master.output()), { what: 'the worker' });
  const current = master.output().trim();
  const [leaving, fresh] = ['999999998', '999999999'];
  const pids = [leaving, current, leaving, current, fresh];
  const socket = join(harness.dir, 'people.sock');
  const stateFile = join(harness.dir, 'servers.state');
  const stateAt: string[] = [];
  await answerOn(socket, () => {
    stateAt.push(readFileSync(stateFile, 'utf8'));
    return pids.shift() ?? fresh;
  });

  await run(install('reloads', socket, stateFile), ['reload', String(master.pid)]);

  expect(stateAt).toEqual(Array(5).fill(STATE));
  expect(readFileSync(stateFile, 'utf8')).toBe('1\n');
});

it('fails no start and no reload for a state that it cannot forget', async () => {
  const program = install('readonly', join(harness.dir, 'people.sock'), '/nowhere/servers.state');
  await expect(run(program, ['started'])).resolves.toMatchObject({ stdout: '' });
});

it('saves a state of any length as it is', async () => {
  const socket = join(harness.dir, 'long.sock');
  const stateFile = join(harness.dir, 'long.state');
  const long = STATE.replace('1 web 1 srv1\n', '1 web 1 srv1\n'.repeat(100_000));
  await listenOn(socket, (connection) => connection.end(long));
  await run(install('long', socket, stateFile), ['save']);
  expect(readFileSync(stateFile, 'utf8') === long).toBe(true);
});

it.each([
  ['silent', /no answer within 1 s/, () => undefined],
  ['cut-off', /no servers state from/, (connection: net.Socket) => connection.end(STATE.slice(0, -5))],
])('keeps what it has when the answer is %s', async (name, message, answer) => {
  const socket = join(harness.dir, `${name}.sock`);
  const stateFile = `${socket}.state`;
  await listenOn(socket, answer);
  writeFileSync(stateFile, STATE);
  await expect(run(install(name, socket, stateFile), ['save'])).rejects.toThrow(message);
  expect(readFileSync(stateFile, 'utf8')).toBe(STATE);
});
