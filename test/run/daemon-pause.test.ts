// The brake: when it is on, since when, and why, whatever stands at its path.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pausedText } from '../../lib/model/when.js';
import { readPause } from '../../lib/run/daemon/pause.js';

const NOW = Date.UTC(2026, 5, 1);
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iri-lb-pause-'));
  file = join(folder, 'paused');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string, atMs = NOW - 12 * 60_000): void {
  writeFileSync(file, text);
  utimesSync(file, atMs / 1_000, atMs / 1_000);
}

describe('the pause file', () => {
  it('is not there, nor its folder: nothing is paused', () => {
    expect(readPause(file, NOW)).toBeUndefined();
    expect(readPause(join(folder, 'none', 'paused'), NOW)).toBeUndefined();
  });

  it('is there: since it was written, for the reason that it holds', () => {
    write('moving\nhouse \u001b[31m\n');
    const pause = readPause(file, NOW);
    expect(pause).toEqual({ cause: 'file', sinceMs: NOW - 720_000, reason: 'moving house \\u001b[31m' });
    expect(pause && pausedText(pause, NOW)).toBe('paused for 12 min: moving house \\u001b[31m');
  });

  it('is empty, or is of tomorrow by a clock that was set', () => {
    write('', NOW + 86_400_000);
    expect(readPause(file, NOW)).toEqual({ cause: 'file', sinceMs: NOW, reason: 'no reason given' });
  });

  it('is far too long: its beginning is the reason', () => {
    write('x'.repeat(5_000_000));
    expect(readPause(file, NOW)?.reason.length).toBeLessThan(300);
  });

  it.each([
    ['a folder', () => mkdirSync(file), 'the pause file is no file'],
    ['a pipe that nobody writes into', () => execFileSync('mkfifo', [file]), 'the pause file is no file'],
    ['a circle', () => symlinkSync(file, file), 'the pause file cannot be read (ELOOP)'],
  ])('is %s: paused as well, and since it was found so', (_what, make, reason) => {
    make();
    const first = readPause(file, NOW + 2 * 86_400_000 * 365);
    expect(first).toMatchObject({ cause: 'unreadable', reason });
    const later = readPause(file, NOW + 3 * 86_400_000 * 365, first);
    expect(later).toEqual(first);
  });
});
