// Reading a history back: across rotation, with lines that are none, while somebody writes it.
import { appendFileSync, copyFileSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HistoryEvent, isoOf } from '../../../lib/model/history.js';
import { readHistoryFile } from '../../../lib/run/history/read-file.js';
import { drained, type FileRig, fileRig, START } from './file-rig.js';

let rig: FileRig;
beforeEach(() => {
  rig = fileRig();
});
afterEach(() => rig.end());

const LINE = JSON.stringify(drained(10)).length + 1;
const secondsOf = (events: readonly HistoryEvent[] = []): number[] =>
  events.map(({ at }) => (Date.parse(at) - START) / 1_000);
const read = (second = 0) => readHistoryFile(rig.path, START + second * 1_000);
const mark = (second: number, kind: 'started' | 'watched' | 'stopped'): HistoryEvent =>
  ({ version: 1, at: isoOf(START + second * 1_000), kind }) as HistoryEvent;

describe('a history that is read', () => {
  it('is all of its files in their order, from a time on', async () => {
    const file = rig.open({ maxBytes: 3 * LINE });
    for (let second = 10; second < 21; second += 1) file?.append(drained(second));
    const all = await read();
    expect(secondsOf(all?.page.events)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(all?.page.cover).toEqual({ from: drained(10).at, until: drained(20).at, gaps: [] });
    const late = await read(14);
    expect(secondsOf(late?.page.events)).toEqual([14, 15, 16, 17, 18, 19, 20]);
    expect(late?.page.cover.from).toBe(drained(10).at);
    await Promise.all([all?.close(), late?.close()]);
  });

  it('says of which time nothing is known, also where that lies before what is asked for', async () => {
    const file = rig.open();
    for (const event of [
      mark(0, 'started'),
      drained(1),
      mark(60, 'watched'),
      mark(100, 'started'),
      mark(160, 'watched'),
      mark(170, 'stopped'),
      mark(200, 'started'),
    ])
      file?.append(event);
    const all = await read();
    expect(all?.page.cover.gaps).toEqual([
      {
        from: isoOf(START + 60_000),
        until: isoOf(START + 100_000),
        reason: 'whoever kept it ended without a word',
      },
      { from: isoOf(START + 170_000), until: isoOf(START + 200_000), reason: 'nobody kept it' },
    ]);
    const late = await read(120);
    expect(late?.page.cover.gaps).toHaveLength(1);
    await Promise.all([all?.close(), late?.close()]);
  });

  it('passes over what is cut off, of another version or of nobody, and counts it', async () => {
    const file = rig.open();
    file?.append(drained(1));
    appendFileSync(
      rig.path,
      `{"version":1,"at":"2026-11-28T02:0\n{"version":2}\n\0\0\0\nhello\n\n${JSON.stringify(drained(2))}\n`,
    );
    appendFileSync(rig.path, JSON.stringify(drained(3)).slice(0, 60));
    const all = await read();
    expect(secondsOf(all?.page.events)).toEqual([1, 2]);
    expect(all?.skipped).toBe(4);
    // The rest of a line that is just being written.
    appendFileSync(rig.path, `${JSON.stringify(drained(3)).slice(60)}\n`);
    expect(secondsOf(await all?.next())).toEqual([3]);
    await all?.close();
  });

  it('goes on with what is added, also after it was put aside or cut short', async () => {
    const file = rig.open({ maxBytes: 3 * LINE });
    file?.append(drained(10));
    const all = await read();
    expect(await all?.next()).toEqual([]);
    for (const second of [11, 12, 13, 14]) file?.append(drained(second));
    expect(secondsOf(await all?.next())).toEqual([11, 12, 13, 14]);
    file?.append(drained(15));
    expect(secondsOf(await all?.next())).toEqual([15]);
    copyFileSync(rig.path, `${rig.path}.copy`);
    truncateSync(rig.path);
    file?.append(drained(16));
    expect(secondsOf(await all?.next())).toEqual([16]);
    await all?.close();
  });

  it('has names in any language in it whole, wherever a read ends', async () => {
    const file = rig.open();
    const name = 'ü'.repeat(700_001);
    file?.append({ ...drained(1), instance: name } as HistoryEvent);
    file?.append(drained(2));
    const all = await read();
    expect(all?.page.events[0]).toMatchObject({ instance: name });
    expect(all?.page.events).toHaveLength(2);
    await all?.close();
  });

  it('is none where there is no file, and refused where it is something else', async () => {
    expect(await read()).toBeUndefined();
    symlinkSync('/etc/passwd', rig.path);
    await expect(read()).rejects.toThrow(/is a link; name another file/);
    rig.end();
    rig = fileRig();
    mkdirSync(rig.path);
    await expect(read()).rejects.toThrow(/is no file/);
    rig.end();
    rig = fileRig();
    writeFileSync(rig.path, 'root:x:0:0\n');
    await expect(read()).rejects.toThrow(/is no history/);
  });
});
