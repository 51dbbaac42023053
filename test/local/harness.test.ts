// The harness: nothing stays behind, however it ends; ports are free and nobody else's.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { foldersOf, isRunning, processesOf } from './leftovers.js';
import { type Program, runTypeScript } from './process.js';

const harnesses: Harness[] = [];
const programs: Program[] = [];

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.clear()));
  await Promise.all(harnesses.splice(0).map((harness) => harness.close()));
});

async function open(): Promise<Harness> {
  const harness = await startHarness();
  harnesses.push(harness);
  return harness;
}

async function hold(): Promise<Program> {
  const program = runTypeScript('test/local/held.ts');
  programs.push(program);
  await program.prints(/^holding \S+$/m);
  return program;
}

describe('a harness that ends', () => {
  it('leaves no process and no file when its process is killed', async () => {
    const program = await hold();
    const before = processesOf(program.tmp).length;

    program.process.kill('SIGKILL');
    await program.leavesNothing();

    expect(before).toBeGreaterThanOrEqual(7);
    expect(processesOf(program.tmp)).toEqual([]);
    expect(foldersOf(program.tmp)).toEqual([]);
  }, 60_000);

  it('leaves no process and no file when it is closed', async () => {
    const program = await hold();

    program.process.kill('SIGTERM');

    expect(await program.ended).toBe(0);
    await program.leavesNothing();
  }, 60_000);

  it('ends what does not hear SIGTERM', async () => {
    const harness = await open();
    const child = await harness.spawn('deaf', '/bin/sh', ['-c', "trap '' TERM; echo up; sleep 1000"]);
    await child.until(() => child.output().includes('up'), { what: 'the trap' });

    await child.stop(50);

    expect(await child.ended).toBe('SIGKILL');
    expect(isRunning(child.pid)).toBe(false);
  });

  it('ends last what was started first, and refuses what comes late', async () => {
    const harness = await open();
    const order: string[] = [];
    for (const name of ['first', 'second']) harness.onClose(() => order.push(name));

    await harness.close();

    expect(order).toEqual(['second', 'first']);
    expect(existsSync(harness.dir)).toBe(false);
    await expect(harness.spawn('late', '/bin/true', [])).rejects.toThrow('being closed');
  });
});

describe('a child that does not start', () => {
  it('is named, with what to do', async () => {
    const harness = await open();
    await expect(harness.spawn('consul', 'no-such-consul', [])).rejects.toThrow(
      /^consul: cannot start no-such-consul .*is it installed\?$/,
    );
  });

  it('shows its last lines', async () => {
    const harness = await open();
    const child = await harness.spawn('short', '/bin/sh', ['-c', 'echo port taken >&2; exit 7']);
    await expect(child.until(() => false, { what: 'it to listen' })).rejects.toThrow(
      /^short ended \(exit 7\) before it to listen\n {2}short: port taken$/,
    );
  });
});

describe('ports', () => {
  it('are never handed out twice, also not by harnesses side by side', async () => {
    const both = await Promise.all([open(), open()]);
    const ports = await Promise.all(Array.from({ length: 240 }, (_, i) => both[i % 2]?.freePort()));
    expect(new Set(ports).size).toBe(240);
  });

  it('are those asked for where they are free, and others where not', async () => {
    const harness = await open();
    const wanted = await harness.freePort();
    const free = await harness.freePort(wanted);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve));

    const other = await harness.freePort(wanted);
    await new Promise((resolve) => server.close(resolve));
    const both = await Promise.all([open(), open()]);
    const [left, right] = await Promise.all(both.map((one) => one.freePort(other)));

    expect(free).toBe(wanted);
    expect(other).not.toBe(wanted);
    expect([left, right].filter((port) => port === other)).toHaveLength(1);
  });
});
