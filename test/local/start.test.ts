// `npm start`: what it shows, and that nothing stays behind however it ends.
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import { commandOf, processesOf } from './leftovers.js';
import { type Program, runProgram, runTypeScript } from './process.js';

const programs: Program[] = [];
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.clear()));
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

function keep(program: Program): Program {
  programs.push(program);
  return program;
}

const start = (...args: string[]): Program => keep(runTypeScript('infra/local/start.ts', args));
const IN_ROTATION = /iri-1 +in rotation +iri_back\/irisrv\d+ .* \d+ ms/;

describe('npm start', () => {
  it('ends by itself with --for', async () => {
    const program = start('--no-demo', '--for', '2');
    expect(await program.ended).toBe(0);
    expect(program.stdout()).toMatch(/2 s have passed; everything is being stopped\n$/);
    await program.leavesNothing();
  }, 90_000);

  it('shows where everything is, and the life of a node', async () => {
    const program = start();

    await program.prints(/iri-6 +gone +iri_back.*\n/);

    const shown = program.stdout();
    for (const line of [
      /^API +http:\/\/127\.0\.0\.1:\d+$/m,
      /^Stats page +http:\/\/127\.0\.0\.1:\d+$/m,
      /^Consul +http:\/\/127\.0\.0\.1:\d+\/ui /m,
      IN_ROTATION,
      /iri-4 +in rotation +iri_pow_back/,
      /iri-6 +in rotation +iri_back/,
      /loses its sync.*\n(?:.*\n)*?.*iri-6 +out of rotation +iri_back/,
      /synced again\n(?:.*\n)*?.*iri-6 +in rotation again +iri_back/,
      /is killed.*\n(?:.*\n)*?.*iri-6 +out of rotation +iri_back/,
      /started again\n(?:.*\n)*?.*iri-6 +in rotation again +iri_back/,
    ]) {
      expect(shown).toMatch(line);
    }
    expect(shown).not.toMatch(/failed/);
    expect(program.stderr()).toBe('');
  }, 90_000);

  it('serves a node registered with the printed command, and none that was removed with it', async () => {
    const program = start('--no-demo');
    const printed = async (pattern: RegExp): Promise<string> => (await program.prints(pattern))[1] ?? '';
    const shell = async (command: string): Promise<string> => {
      const run = keep(runProgram('/bin/sh', ['-c', command]));
      expect(await run.ended).toBe(0);
      return run.stdout();
    };
    const ask = await printed(/^(curl -s .*getNodeInfo.*)$/m);
    const isAsked = (answers: string): boolean => answers.includes('"node":"iri-7"');
    const askAll = (): Promise<string> => shell(Array.from({ length: 12 }, () => ask).join('; '));
    await program.prints(IN_ROTATION);

    await shell(await printed(/^(curl .*service\/register .*)$/m));
    await waitFor(async () => isAsked(await askAll()), { what: 'an answer of iri-7' });
    await shell(await printed(/^(curl .*service\/deregister\/iri-7 .*)$/m));
    await program.prints(/iri-7 +gone/);

    expect(isAsked(await askAll())).toBe(false);
  }, 90_000);

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends everything on %s',
    async (signal) => {
      const program = start('--no-demo');
      await program.prints(IN_ROTATION);

      program.process.kill(signal);

      expect(await program.ended).toBe(0);
      await program.leavesNothing();
    },
    90_000,
  );

  it('leaves nothing when it is killed', async () => {
    const program = start('--no-demo');
    await program.prints(IN_ROTATION);
    const before = processesOf(program.tmp).length;

    program.process.kill('SIGKILL');
    await program.leavesNothing();

    expect(before).toBeGreaterThanOrEqual(3);
    expect(processesOf(program.tmp)).toEqual([]);
  }, 90_000);

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends when npm got %s',
    async (signal) => {
      const program = keep(runProgram('npm', ['start', '--', '--no-demo']));
      await program.prints(IN_ROTATION);

      program.process.kill(signal);
      await program.leavesNothing();

      expect(processesOf(program.tmp)).toEqual([]);
    },
    90_000,
  );

  it('takes other ports than those in use, and shows them', async () => {
    const taken = [9999, 8500, 14267, 9292, 8401];
    await Promise.all(taken.map(occupy));
    const program = start('--no-demo');

    await program.prints(IN_ROTATION);

    const ports = [...program.stdout().matchAll(/^(?:API|Stats|Consul|HAProxy).*127\.0\.0\.1:(\d+)/gm)];
    expect(ports).toHaveLength(4);
    for (const [, port] of ports) expect(taken).not.toContain(Number(port));
  }, 90_000);

  it('starts HAProxy again when it dies, and fills it', async () => {
    const program = start('--no-demo');
    await program.prints(IN_ROTATION);
    const haproxy = processesOf(program.tmp).find((pid) => commandOf(pid).includes('haproxy.cfg'));
    if (haproxy === undefined) throw new Error('no HAProxy in the harness');

    process.kill(haproxy, 'SIGKILL');

    const [shown] = await program.prints(/HAProxy ended \(SIGKILL\)[\s\S]*iri-1 +in rotation.*$/m);
    expect(shown).toMatch(/iri_back\/irisrv\d+ +weight 1, maxconn none/);
  }, 90_000);

  it.each([
    [['--for', 'ever'], /^npm start: --for "ever": give 1 to 86400 seconds; see npm start -- --help\n$/],
    [['--fro', '3'], /^npm start: Unknown option '--fro'.*--help\n$/],
    [['now'], /^npm start: Unexpected argument 'now'.*--help\n$/],
  ])('says what is wrong with %j in one line', async (args, line) => {
    const program = start(...args);
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toMatch(line);
    expect(program.stdout()).toBe('');
  });
});

/** Takes a port; one that is taken already is as good. */
async function occupy(port: number): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', () => {
      servers.push(server);
      resolve();
    });
  });
}
