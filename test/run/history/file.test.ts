// The file of a history: whose it is, what is refused, and what becomes of it when the disk is full.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HistoryFileError } from '../../../lib/run/history/open-file.js';
import { drained, type FileRig, fileRig } from './file-rig.js';

let rig: FileRig;
beforeEach(() => {
  rig = fileRig();
});
afterEach(() => rig.end());

const slotsIn = (suffix = ''): unknown[] => rig.lines(suffix).map(({ slot }) => slot);

describe('what is written', () => {
  it('is one JSON object a line, with its version first, readable by owner and group', () => {
    const umask = process.umask(0o077);
    try {
      rig.open()?.append(drained(1));
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(rig.path, 'utf8')).toBe(`${JSON.stringify(drained(1))}\n`);
    expect(readFileSync(rig.path, 'utf8')).toMatch(/^\{"version":1,"at":"2026-11-28T02:00:01\.000Z",/);
    expect(statSync(rig.path).mode & 0o777).toBe(0o640);
  });

  it('has nothing in it that a terminal would act on', () => {
    rig.open()?.append({ ...drained(1), slot: '\u001b[2J\u202e' } as ReturnType<typeof drained>);
    expect(readFileSync(rig.path, 'utf8')).toContain(String.raw`"slot":"\u001b[2J\u202e"`);
    expect(slotsIn()).toEqual(['\u001b[2J\u202e']);
  });

  it('is put aside when it grows too large, and three of those are kept', () => {
    const line = JSON.stringify(drained(10)).length + 1;
    const file = rig.open({ maxBytes: 2 * line });
    for (let number = 10; number < 21; number += 1) file?.append(drained(number));
    expect(slotsIn()).toEqual(['irisrv20']);
    expect(slotsIn('.1')).toEqual(['irisrv18', 'irisrv19']);
    expect(slotsIn('.3')).toEqual(['irisrv14', 'irisrv15']);
    expect(existsSync(`${rig.path}.4`)).toBe(false);
    expect(statSync(`${rig.path}`).mode & 0o777).toBe(0o640);
  });

  it('goes on at its path when somebody moves the file away', () => {
    const file = rig.open();
    file?.append(drained(1));
    renameSync(rig.path, `${rig.path}.old`);
    file?.append(drained(2));
    expect(slotsIn()).toEqual(['irisrv2']);
    expect(slotsIn('.old')).toEqual(['irisrv1']);
  });

  it('is there again when it is opened again, with a last line closed that was cut off', () => {
    const first = rig.open({ maxBytes: 2 * JSON.stringify(drained(1)).length + 2 });
    for (const number of [1, 2, 3]) first?.append(drained(number));
    first?.close();
    appendFileSync(rig.path, '{"version":1,"at":"2026-11-28T02:00:0');
    const second = rig.open();
    expect(second?.past.map(({ event }) => event.at.slice(17, 19))).toEqual(['01', '02', '03']);
    second?.append(drained(4));
    expect(readFileSync(rig.path, 'utf8').split('\n').slice(1)).toEqual([
      '{"version":1,"at":"2026-11-28T02:00:0',
      JSON.stringify(drained(4)),
      '',
    ]);
  });
});

describe('what is refused', () => {
  it.each([
    ['a file of another program', () => writeFileSync(rig.path, '{"level":"info"}\n'), /is no history/],
    [
      'one that only begins like ours',
      () => writeFileSync(rig.path, '{"version":1,"at":"x"}\n'),
      /is no history/,
    ],
    [
      'one of a newer version',
      () => writeFileSync(rig.path, '{"version":2,"at":"2026-11-28T02:00:01.000Z","kind":"x"}\n'),
      /is no history/,
    ],
    ['a symbolic link', () => symlinkSync('/etc/passwd', rig.path), /is a link; name the file itself/],
    ['a link to nothing', () => symlinkSync('/nowhere/at/all', rig.path), /is a link/],
    [
      'a second name of a file',
      () => {
        writeFileSync(`${rig.path}.x`, '');
        linkSync(`${rig.path}.x`, rig.path);
      },
      /is a link/,
    ],
    ['a folder', () => mkdirSync(rig.path), /is no file/],
  ])('%s', (_what, prepare, said) => {
    prepare();
    expect(() => rig.open()).toThrow(said);
    expect(() => rig.open()).toThrow(HistoryFileError);
    expect(existsSync(`${rig.path}.lock`)).toBe(false);
  });

  it('a place where nothing can be, with what to do', () => {
    rig.end();
    expect(() => rig.open()).toThrow(
      /^history ".*history\.jsonl": cannot be opened \(ENOENT\); make its folder, and let this user write there, or name another file$/,
    );
  });

  it('not an empty file, nor one whose very first line was cut off', () => {
    writeFileSync(rig.path, '');
    rig.open()?.close();
    writeFileSync(rig.path, '{"version":1,"a');
    rig.open()?.append(drained(1));
    expect(readFileSync(rig.path, 'utf8')).toBe(`{"version":1,"a\n${JSON.stringify(drained(1))}\n`);
  });

  it('a link that is put in its place later: it is not followed, and the gap is marked', () => {
    const file = rig.open();
    file?.append(drained(1));
    renameSync(rig.path, `${rig.path}.old`);
    const other = join(dirname(rig.path), 'other');
    symlinkSync(other, rig.path);
    file?.append(drained(2));
    expect(existsSync(other)).toBe(false);
    expect(rig.warnings).toEqual([
      expect.stringMatching(/cannot be written \(is a link\): it has a gap from now on; runs go on$/),
    ]);
  });
});

describe('a disk that is full', () => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });

  it('leaves whole lines, a marked gap, and one warning for each end of it', async () => {
    const { writeSync } = await import('node:fs');
    let room = Number.POSITIVE_INFINITY;
    const write = (fd: number, data: Buffer, offset: number): number => {
      if (room === 0) throw full;
      const bytes = Math.min(room, data.length - offset);
      room -= bytes;
      return writeSync(fd, data, offset, bytes);
    };
    const file = rig.open({ write });
    file?.append(drained(1));
    room = 10;
    file?.append(drained(2));
    file?.append(drained(3));
    expect(slotsIn()).toEqual(['irisrv1']);
    room = Number.POSITIVE_INFINITY;
    file?.append(drained(4));
    file?.append(drained(5));
    expect(rig.lines()).toMatchObject([
      { slot: 'irisrv1' },
      {
        kind: 'gap',
        at: drained(4).at,
        from: drained(2).at,
        reason: 'it could not be written: ENOSPC',
      },
      { slot: 'irisrv4' },
      { slot: 'irisrv5' },
    ]);
    expect(rig.warnings).toHaveLength(2);
    expect(rig.warnings[0]).toMatch(/cannot be written \(ENOSPC\): it has a gap from now on; runs go on$/);
    expect(rig.warnings[1]).toMatch(/is written again; the gap is marked$/);
  });

  // The kernel refuses what is beyond, after the part that fits: at once, or after a kilobyte.
  it.each([0, 2])('is no failure of the program, also a real one of %d blocks', async (blocks) => {
    const module = join(import.meta.dirname, '../../../lib/run/history/file.ts');
    const program = `
      import { openHistoryFile } from ${JSON.stringify(module)};
      const file = openHistoryFile(${JSON.stringify(rig.path)}, { warn: console.error, nowMs: Date.now });
      for (let number = 0; number < 20; number += 1)
        file.append({ version: 1, at: new Date().toISOString(), kind: 'drained', slot: 's'.repeat(50) });
      console.log('done');`;
    const limited = `ulimit -f ${blocks}; exec "$0" --import tsx --input-type=module -e "$1"`;
    const child = spawn('sh', ['-c', limited, process.execPath, program]);
    const said = { out: '', err: '' };
    child.stdout.on('data', (data) => {
      said.out += data;
    });
    child.stderr.on('data', (data) => {
      said.err += data;
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(said.out).toBe('done\n');
    expect(said.err.match(/cannot be written/g)).toHaveLength(1);
    expect(said.err).toMatch(/EFBIG/);
    if (blocks === 0) return;
    expect(rig.lines().every(({ kind }) => kind === 'drained')).toBe(true);
    expect(rig.lines().length).toBeGreaterThan(3);
  });
});

describe('one writer', () => {
  it('a second one goes without, and says who has it', () => {
    const first = rig.open();
    expect(rig.open()).toBeUndefined();
    expect(rig.warnings).toEqual([
      `history "${rig.path}" is written by process ${process.pid}; what happens here is not in it`,
    ]);
    first?.close();
    expect(rig.open()).toBeDefined();
  });

  it('is not kept out by one that was killed, nor by another process with its number', async () => {
    const lock = `${rig.path}.lock`;
    rig.open();
    const holder = JSON.parse(readFileSync(lock, 'utf8'));
    writeFileSync(lock, JSON.stringify({ ...holder, began: '1' }));
    rig.open()?.close();
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.on('close', resolve));
    writeFileSync(lock, JSON.stringify({ ...holder, pid: child.pid }));
    rig.open()?.append(drained(1));
    expect(slotsIn()).toEqual(['irisrv1']);
    expect(rig.warnings).toEqual([]);
  });

  it('of another host counts until it has not been heard of for three minutes', () => {
    const lock = `${rig.path}.lock`;
    writeFileSync(lock, JSON.stringify({ pid: 1, began: '1', where: 'elsewhere' }));
    rig.now = statSync(lock).mtimeMs + 179_000;
    expect(rig.open()).toBeUndefined();
    expect(rig.warnings[0]).toMatch(/is written by process 1 of another host or container/);
    rig.now += 2_000;
    expect(rig.open()).toBeDefined();
  });

  it('ends when it was taken for dead', () => {
    const file = rig.open();
    file?.append(drained(1));
    writeFileSync(`${rig.path}.lock`, JSON.stringify({ pid: 1, began: '1', where: 'elsewhere' }));
    rig.now += 61_000;
    file?.append(drained(62));
    file?.append(drained(63));
    expect(slotsIn()).toEqual(['irisrv1']);
    expect(rig.warnings).toEqual([expect.stringMatching(/is written by another process now/)]);
    expect(existsSync(`${rig.path}.lock`)).toBe(true);
  });
});
